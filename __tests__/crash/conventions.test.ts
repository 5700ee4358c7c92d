import { describe, expect, it } from '@jest/globals'
import { createClassifier } from './every-suite.js'

/** A log of our own: the lines as the kernel words them, every function but those under test invented. */
const titlesOf = (log: string): string[] => {
  const classifier = createClassifier()
  const lines = log.split('\n').filter((line) => line.trim() !== '')
  const reports = lines.flatMap((line, index) => classifier.line(`[   10.${String(index).padStart(6, '0')}][   T77] ${line}`))
  return [...reports, ...classifier.end()].map(({ title }) => title)
}
const stack = (...names: string[]): string =>
  ['Call Trace:', ' <TASK>', ...names.map((name) => ` ${name}+0x12/0x340`), ' </TASK>'].join('\n')
const warned = (where: string, fn: string, ...names: string[]): string =>
  `WARNING: CPU: 1 PID: 77 at ${where} ${fn}+0x12/0x340\nRIP: 0010:${fn}+0x12/0x340\n${stack(...names)}`

describe('which function a title names', () => {
  it.each([
    ['allocators', ['kmem_cache_alloc_node_noprof', 'mempool_kmalloc', 'alloc_pages_bulk', 'folio_alloc_noprof', 'tank_fill']],
    [
      'locks',
      [
        '_raw_spin_lock_irqsave',
        'call_rwsem_down_read_failed',
        'ldsem_down_read',
        '__mutex_lock',
        'queued_read_lock_slowpath',
        'tank_fill',
      ],
    ],
    ['strings and copies', ['__asan_memcpy', 'sized_strscpy', '_copy_from_user', 'copy_folio_to_iter', 'kstrdup', 'tank_fill']],
    ['objects and devices', ['kobject_add_internal', 'device_release_driver_internal', 'sysfs_remove_group', 'tank_fill']],
    ['work and timers', ['__queue_work', '__flush_work', 'try_to_del_timer_sync', 'wait_for_completion_killable', 'tank_fill']],
    ['the page cache', ['xas_load', 'find_lock_entries', '__filemap_get_folio', 'folio_unlock', 'tank_fill']],
    ['printing', ['pointer', 'vsnprintf', '_dev_err', 'tank_fill']],
    ['counters', ['refcount_warn_saturate', 'kref_put', 'atomic64_inc', 'drop_nlink', 'iput', 'tank_fill']],
  ])('passes over %s', (_, names) => {
    expect(
      titlesOf(
        `BUG: KASAN: slab-use-after-free in ${names[0]}+0x1/0x2\nRead of size 8 at addr ffff888000000000 by task a/1\n${stack(...names)}`,
      ),
    ).toEqual(['KASAN: slab-use-after-free Read in tank_fill'])
  })

  it.each([
    'mod_timer_pending_tank',
    'unwind_next_frame',
    'vfree',
    'get_page_from_freelist',
    'notifier_call_chain',
    'lock_is_held_type',
    'up',
  ])('charges %s, which is in nobody’s name', (name) => {
    expect(titlesOf(warned('lib/a.c:1', name, 'tank_fill'))).toEqual([`WARNING in ${name}`])
  })

  it.each([
    ['__x64_sys_tank', 'sys_tank'],
    ['__arm64_sys_tank', 'sys_tank'],
    ['__se_sys_tank', 'sys_tank'],
    ['__do_sys_tank', 'tank'],
    ['ksys_tank', 'tank'],
    ['___sys_tank', 'tank'],
    ['compat_SyS_tank', 'tank'],
    ['__ia32_compat_sys_tank', 'compat_sys_tank'],
  ])('calls %s by the name %s', (symbol, name) => {
    expect(titlesOf(warned('fs/a.c:1', symbol, 'do_syscall_64'))).toEqual([`WARNING in ${name}`])
  })

  it('is the same before and after inlined frames are decoded', () => {
    const header = 'BUG: unable to handle page fault for address: ffffc90000000000\nRIP: 0010:memcpy_orig+0x1/0x2\nCall Trace:\n'
    expect(titlesOf(`${header} tank_copy fs/tank.c:10 [inline]\n tank_fill+0x1/0x2 fs/tank.c:20`)).toEqual(
      titlesOf(`${header} tank_fill+0x1/0x2`),
    )
  })

  it('asks who jumped into the void', () => {
    expect(
      titlesOf(
        `BUG: kernel NULL pointer dereference, address: 0000000000000000\nRIP: 0010:0x0\n${stack('tank_fill')}\nRIP: 0010:idle_tank+0x1/0x2`,
      ),
    ).toEqual(['BUG: unable to handle kernel NULL pointer dereference in tank_fill'])
  })

  it('does not take the pointer of what an interrupt found for part of the stack', () => {
    expect(
      titlesOf(
        'general protection fault, probably for non-canonical address 0xdffffc0000000000: 0000 [#1] SMP\nRIP: 0010:memset+0x1/0x2\nCall Trace:\n <IRQ>\n </IRQ>\nRIP: 0010:lucky_tank+0x1/0x2\n tank_fill+0x1/0x2',
      ),
    ).toEqual(['general protection fault in tank_fill'])
  })

  it('reads one stack, not what is printed after it', () => {
    expect(
      titlesOf(
        `BUG: scheduling while atomic: tank/77/0x00000002\n${stack('__schedule_bug', 'schedule_timeout', 'tank_wait')}\n${stack('other')}`,
      ),
    ).toEqual(['BUG: scheduling while atomic in tank_wait'])
  })
})

describe('which function a stall is charged to', () => {
  const lockup = (...names: string[]) =>
    titlesOf(`watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [tank:77]\nRIP: 0010:${names[0]}+0x1/0x2\n${stack(...names.slice(1))}`)

  it.each([
    [['a', 'b', 'tank_write', 'vfs_write', 'ksys_write', 'do_syscall_64'], 'tank_write'],
    [['a', 'tank_ioctl', '__x64_sys_ioctl', 'do_syscall_64'], 'tank_ioctl'],
    [['a', '__sys_setsockopt', '__x64_sys_setsockopt', 'do_syscall_64'], 'a'],
    [['a', '__arm64_sys_tank', 'invoke_syscall', 'el0_svc'], 'sys_tank'],
    [['a', 'tank_rcv', '__netif_receive_skb_core', 'process_backlog'], 'tank_rcv'],
    [['a', 'tank_tick', '__hrtimer_run_queues'], 'tank_tick'],
    [['csd_lock_wait', 'smp_call_function_many_cond', 'tank_flush', 'do_syscall_64'], 'smp_call_function'],
    [['a', 'tank_work', 'process_one_work', 'smp_call_function_single'], 'tank_work'],
  ])('%j: %s', (names, guilty) => {
    expect(lockup(...names)).toEqual([`BUG: soft lockup in ${guilty}`])
  })

  it('an overflow of the stack is charged to what began the recursion', () => {
    const log = `Insufficient stack space to handle exception!\npc : el1h_64_sync+0x1/0x2\nKernel panic - not syncing: kernel stack overflow\nCall trace:\n tank_again+0x1/0x2\n tank_again+0x1/0x2\n tank_start+0x1/0x2\n process_one_work+0x1/0x2`
    expect(titlesOf(log)).toEqual(['kernel stack overflow in tank_start'])
    expect(titlesOf(log.split('\n').slice(2).join('\n'))).toEqual(['kernel stack overflow in tank_start'])
  })
})

describe('which place a lock report is charged to', () => {
  const recursive = (first: string) =>
    `WARNING: possible recursive locking detected\ntank/77 is trying to acquire lock:\nffff888000000001 (&t){+.+.}-{3:3}, at: ${first}+0x1/0x2\nbut task is already holding lock:\nffff888000000002 (&t){+.+.}-{3:3}, at: tank_hold+0x1/0x2\n${stack('dump_stack_lvl', 'tank_call')}`

  it('to where the lock was asked for, a helper too, for a recursion', () => {
    expect(titlesOf(recursive('mutex_lock_nested'))).toEqual(['possible deadlock in mutex_lock_nested'])
  })

  it('to the first that is no helper for a circle: asked for, held, the chain', () => {
    const circular = (held: string) =>
      `WARNING: possible circular locking dependency detected\ntank/77 is trying to acquire lock:\nffff888000000001 (&t){+.+.}-{3:3}, at: __flush_workqueue+0x1/0x2\nbut task is already holding lock:\nffff888000000002 (&u){+.+.}-{3:3}, at: ${held}+0x1/0x2\n-> #1 (&u){+.+.}-{3:3}:\n       lock_acquire+0x1/0x2\n       tank_chain+0x1/0x2\n${stack('dump_stack_lvl', 'tank_call')}`
    expect(titlesOf(circular('tank_hold'))).toEqual(['possible deadlock in tank_hold'])
    expect(titlesOf(circular('mutex_lock_nested'))).toEqual(['possible deadlock in tank_chain'])
  })

  it.each([
    [
      `WARNING: inconsistent lock state\ntank/77 [HC1[1]:SC0[0]:HE0:SE1] takes:\nffff888000000001 (&t){?.+.}-{2:2}, at: tank_hold+0x1/0x2\n${stack('dump_stack', 'print_usage_bug', 'mark_lock_irq', 'tank_irq')}`,
      'inconsistent lock state in tank_irq',
    ],
    [`WARNING: Nested lock was not taken\n${stack('lock_acquire', 'tank_nest')}`, 'WARNING: nested lock was not taken in tank_nest'],
    [
      `WARNING: held lock freed!\ntank/77 is freeing memory ffff888000000001-ffff8880000000ff, with a lock still held there!\nffff888000000001 (&t){+.+.}-{3:3}, at: lock_sock_nested+0x1/0x2\n${stack('dump_stack', 'kfree', 'tank_free')}`,
      'WARNING: held lock freed in lock_sock_nested',
    ],
    [
      `BUG: rwlock cpu recursion on CPU#0, tank/77\n${stack('dump_stack', 'do_raw_write_lock', '__task_rq_lock', 'tank_wake')}`,
      'BUG: rwlock cpu recursion in tank_wake',
    ],
  ])('%j', (log, title) => {
    expect(titlesOf(log)).toEqual([title])
  })
})

describe('sorts of report', () => {
  it.each([
    [`kernel BUG at net/core/skbuff.c:1!\nRIP: 0010:skb_push+0x1/0x2\n${stack('tank_header')}`, 'kernel BUG in tank_header'],
    [
      `Unable to handle kernel access to user memory outside uaccess routines at virtual address 0000000020000000\npc : tank_read+0x1/0x2\nCall trace:\n tank_read+0x1/0x2`,
      'BUG: unable to handle kernel access to user memory in tank_read',
    ],
    [
      `BUG: using debug_tank_id() in preemptible [00000000] code: tank/77\n${stack('check_preemption_disabled', 'debug_tank_id', 'tank_fill')}`,
      'BUG: using debug_tank_id() in preemptible code in tank_fill',
    ],
    [`BUG: Bad page map in process tank  pte:8000000000000025 pmd:1234\n${stack('print_bad_pte', 'tank_fill')}`, 'BUG: Bad page map'],
    [
      `general protection fault for non-canonical address 0xe017577ddf75b7dd: 0000 [#1] SMP\nRIP: 0010:tank_fill+0x1/0x2`,
      'general protection fault in tank_fill',
    ],
    [`Oops: int3: 0000 [#1] SMP NOPTI\nRIP: 0010:tank_fill+0x1/0x2`, 'int3 in tank_fill'],
    [`Oops: divide error: 0000 [#1] SMP NOPTI\nRIP: 0010:tank_fill+0x1/0x2`, 'divide error in tank_fill'],
    [`kernel stack overflow (page fault): 0000 [#1] SMP\nRIP: 0010:tank_fill+0x1/0x2`, 'kernel stack overflow in tank_fill'],
    [`Unhandled prefetch abort: breakpoint debug exception (0x002) at 0x00000000\npc : tank_fill+0x1/0x2`, 'Unhandled fault in tank_fill'],
    ['Kernel BUG at tank_fill+0x1/0x2 [verbose debug info unavailable]', 'kernel BUG at tank_fill [verbose debug info unavailable]'],
    [
      `BUG: workqueue leaked atomic, lock or RCU: kworker/1:2[77]\n     preempt=0x00000000 lock=0->1 RCU=0->0 workfn=tank_work\n${stack('process_one_work')}`,
      'BUG: workqueue leaked lock or atomic in tank_work',
    ],
    [
      `INFO: task ab\n\u0001cd:1808 blocked for more than 143 seconds.\n      Tainted: G\n${stack('__schedule', 'schedule', 'tank_wait_full', 'tank_fill')}`,
      'INFO: task hung in tank_fill',
    ],
    [
      `rcu: INFO: rcu_sched detected stalls on CPUs/tasks:\nNMI backtrace for cpu 1\nRIP: 0010:tank_fill+0x1/0x2`,
      'INFO: rcu detected stall in tank_fill',
    ],
    ['trusty: 0xffffffffe0000000): ASSERT FAILED at (a/b.c:1): tank != NULL', 'trusty: ASSERT FAILED: tank != NULL'],
    ['BUG:', 'BUG: corrupted'],
    ['TANKFAIL: no water', 'TANKFAIL: no water'],
    [warned('a.c:1', '_Z9tank_fillii', 'tank_start'), 'WARNING in tank_fill'],
    ['VFS: Close: file count is 0', 'VFS: Close: file count is zero (use-after-free)'],
    ['trusty: panic (caller 0xffffffffe0000000): DEBUG ASSERT FAILED at (a/b.c:1): tank != NULL', 'trusty: ASSERT FAILED: tank != NULL'],
    ['trusty: panic (caller 0xffffffffe0000000): tank is empty', 'trusty: panic: tank is empty'],
    [
      "WARNING: kernel stack regs at (____ptrval____) in tank:77 has bad 'bp' value (____ptrval____)",
      'WARNING: kernel stack regs has bad value',
    ],
    [
      `BUG: KMSAN: uninit-value in netlink_ack+0x1/0x2\n netlink_ack+0x1/0x2\n netlink_rcv_skb+0x1/0x2\n tank_rcv+0x1/0x2\nUninit was created at:\n other+0x1/0x2`,
      'KMSAN: uninit-value in tank_rcv',
    ],
    [`BUG: KASAN: double-free in kvfree+0x1/0x2\n${stack('kfree', 'kvfree', 'free_tank')}`, 'KASAN: invalid-free in free_tank'],
    [`INFO: tank ran dry\n${stack('tank_fill')}`, 'INFO: tank ran dry'],
    [warned('mm/slub.c:1', 'kvmalloc_node_noprof', 'tank_alloc'), 'WARNING: kmalloc bug in tank_alloc'],
    [
      warned('lib/debugobjects.c:1', 'debug_print_object', 'debug_object_activate', 'hrtimer_start_range_ns', 'tank_arm'),
      'WARNING: ODEBUG bug in tank_arm',
    ],
  ])('%j', (log, title) => {
    expect(titlesOf(log)).toEqual([title])
  })

  it.each(['XFAIL: tank', 'tank 1 TFAIL: no water', "capability: WARNING: `TANK' USES DEPRECATED V2 CAPABILITIES"])(
    '%s is none',
    (line) => {
      expect(titlesOf(line)).toEqual([])
    },
  )

  it('an INFO line without a stack is a note', () => {
    expect(titlesOf('INFO: tank ran dry\nnothing else')).toEqual([])
  })
})

describe('where a report comes from', () => {
  it('charges a bad page to who took it last', () => {
    expect(
      titlesOf(
        `BUG: Bad page state in process tank  pfn:12345\npage last allocated via order 0, migratetype Unmovable\n post_alloc_hook+0x1/0x2\n __alloc_pages_noprof+0x1/0x2\n tank_page+0x1/0x2\nModules linked in:\n${stack('dump_stack_lvl', 'bad_page', 'free_unref_page', 'tank_free')}`,
      ),
    ).toEqual(['BUG: Bad page state in tank_page'])
  })

  it('passes over ciphers for bytes that nobody set', () => {
    expect(
      titlesOf('BUG: KMSAN: uninit-value in aes_encrypt+0x1/0x2\n aes_encrypt+0x1/0x2\n crypto_cipher_one+0x1/0x2\n tank_send+0x1/0x2'),
    ).toEqual(['KMSAN: uninit-value in tank_send'])
  })

  it.each(['WARNING: [tank->level < 0] fs/tank.c:12 at tank_fill+0x1/0x2, CPU#1: tank/77', 'WARNING: fs/tank.c:12 at 0x0, CPU#1: tank/77'])(
    'reads %j',
    (header) => {
      expect(titlesOf(`${header}\nRIP: 0010:tank_fill+0x1/0x2\n${stack('tank_call')}`)).toEqual(['WARNING in tank_fill'])
    },
  )

  it('charges a warning to the pointer, not to what its line says of an inlined place', () => {
    expect(titlesOf(`WARNING: lib/refcount.c:12 at 0x0, CPU#1: tank/77\nRIP: 0010:tank_put+0x1/0x2\n${stack('tank_call')}`)).toEqual([
      'WARNING: refcount bug in tank_put',
    ])
  })

  it('finds what the tick interrupted below a stack that has no pointer', () => {
    expect(
      titlesOf(
        `rcu: INFO: rcu_preempt self-detected stall on CPU\nCall Trace:\n <IRQ>  [<ffffffff81000000>] sched_show_task+0x1/0x2\n smp_apic_timer_interrupt+0x1/0x2\n apic_timer_interrupt+0x1/0x2\n </IRQ>\nRIP: 0010:tank_loop+0x1/0x2\n tank_write+0x1/0x2\n vfs_write+0x1/0x2`,
      ),
    ).toEqual(['INFO: rcu detected stall in tank_write'])
  })

  it('reads the stacks of other CPUs only once they were asked', () => {
    const classifier = createClassifier()
    const lines = (asked: string) => [
      '[    1.000000][   T77] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [tank:77]',
      asked,
      '[    1.000002][    C3] RIP: 0010:tank_spin+0x1/0x2',
      '[    1.000003][    C3] Call Trace:',
      '[    1.000004][    C3]  tank_work+0x1/0x2',
      '[    1.000005][    C3]  process_one_work+0x1/0x2',
    ]
    const titled = (asked: string) =>
      [...lines(asked).flatMap((line) => classifier.line(line)), ...classifier.end()].map(({ title }) => title)
    expect(titled('[    1.000001][   T77] Sending NMI from CPU 1 to CPUs 3:')).toEqual(['BUG: soft lockup in tank_work'])
    expect(titled('[    1.000001][   T77] CPU: 1 UID: 0 PID: 77 Comm: tank')).toEqual(['BUG: soft lockup'])
  })

  it('reads powerpc’s frames behind two addresses', () => {
    expect(
      titlesOf(
        'INFO: task tank:77 blocked for more than 143 seconds.\nCall Trace:\n[c000000001bb3710] [c0000000000286fc] __switch_to+0x1/0x2\n[c000000001bb3a10] [c0000000005f8868] tank_exit+0x1/0x2\nINFO: task other:78 blocked for more than 143 seconds.',
      )[0],
    ).toBe('INFO: task hung in tank_exit')
  })
})
