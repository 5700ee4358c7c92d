/** Points where the kernel hands over to what the work is really about; what is called from one names a stall. */
export const DISPATCHERS = new RegExp(
  `^_*(?:${[
    'process_one_work',
    'do_syscall_.*',
    'do_(?:fast|int80)_syscall_.*',
    'sysenter_dispatch',
    'x64_sys_call',
    'ia32_sys_call',
    'entry_SYSCALL.*',
    'entry_SYSENTER.*',
    'tracesys_phase2',
    'invoke_syscall',
    'el0_svc.*',
    'do_el0_svc.*',
    'ret_fast_syscall',
    'netif_receive_skb.*',
    '(?:do|invoke)_softirq.*',
    'call_timer_fn',
    'tasklet_(?:hi_)?action.*',
    '(?:net_rx_action|napi_poll)',
    'rcu_(?:core|do_batch).*',
    'run_timers.*',
    'run_timer_softirq',
    'run_ksoftirqd',
    'smpboot_thread_fn',
    '.*kthread.*',
    'start_secondary',
    'cpu_startup_entry',
    'ret_from_fork.*',
    'vfs_(?:readv?|writev?|ioctl|open|iter_read|iter_write)',
    'do_vfs_ioctl',
    'ksys_\\w+',
    'new_sync_(?:read|write)',
    'rtnetlink_rcv_msg',
    'do_iter_(?:read|write|readv_writev)',
    '(?:compat_)?blkdev_(?:driver_)?ioctl',
    '\\w+_compat_ioctl',
    'call_(?:read|write)_iter',
    'call_mmap',
    'mmap_region',
    'do_mmap.*',
    'do_dentry_open',
    'sock_(?:sendmsg|recvmsg|release|mmap|do_ioctl|ioctl|common_setsockopt)(?:_nosec)?',
    'compat_sock_ioctl',
    'sys_(?:setsockopt|listen|accept4?)',
    'kernel_(?:setsockopt|listen|accept)',
    'sk_common_release',
    'nfnetlink_rcv_msg',
    '(?:(?:compat_)?(?:SYSC|SyS)|(?:do_|se_|x64_|ia32_|arm64_)?(?:compat_)?sys)_(?:socketpair|connect|ioctl)',
    'fput',
    'task_work_run',
    '\\w*exit_to_user_?mode.*',
    'compat_(?:sys_)?ioctl',
  ].join('|')})$`,
)

/** The same for a stall that a program's page fault leads into, where no system call is on the stack. */
export const FAULT_DISPATCHERS =
  /^_*(?:do_fault|handle_mm_fault|do_(?:user_addr_fault|page_fault)|(?:async_)?page_fault|(?:asm_)?exc_page_fault)$/

/** Functions a task sleeps in, whatever it waits for. */
export const WAITING: readonly RegExp[] = [
  /sched/,
  /_lock/,
  /_slowlock/,
  /down/,
  /rwsem/,
  /completion/,
  /kthread/,
  /wait/,
  /synchronize/,
  /context_switch/,
  /__switch_to/,
  /cancel_delayed_work/,
  /^rcu_barrier/,
]

/** Where many unrelated stalls show: a CPU that waits for others to answer is not the one that is stuck. */
export const SHARED_STALLS: readonly (readonly [RegExp, string])[] = [[/^smp_call_function/, 'smp_call_function']]

/** Waits that many unrelated tasks fall into when one thing is stuck: one title for them all. */
export const SHARED_WAITS: readonly (readonly [RegExp, string])[] = [
  [/^rtnl_lock/, 'rtnl_lock'],
  [/^synchronize_(?:rcu|srcu|net|sched)/, 'synchronize_rcu'],
]
