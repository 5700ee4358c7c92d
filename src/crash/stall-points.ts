/**
 * Points where the kernel hands over to what the work is really about; what is called from one names a stall. Matched
 * anywhere in a name that is freed of its system call prefix. Some callers of such points are here too, lest a whole
 * stack is walked past when one is renamed or inlined.
 */
const points: Readonly<Record<string, readonly string[]>> = {
  'system calls': [
    'do_(?:fast_)?syscall_|do_int80_syscall_',
    'sysenter_dispatch|tracesys_phase2|ret_fast_syscall',
    'x64_sys_call|ia32_sys_call|entry_SYSCALL|entry_SYSENTER',
    'el0_svc|invoke_syscall',
    '^(?:setsockopt|listen|accept)$|^(?:sys_)?(?:socketpair|connect|ioctl)',
  ],
  'deferred work': [
    'process_one_work',
    'do_softirq|handle_softirqs|run_ksoftirqd|tasklet_(?:hi_)?action',
    'call_timer_fn|_run_timers|run_timer_softirq|hrtimer_run',
    'smpboot_thread_fn|^kthread$|ret_from_fork|start_secondary|cpu_startup_entry',
    'task_work_run|__fput|exit_to_user_?mode',
  ],
  'files and memory': [
    'vfs_(?:iter_)?(?:read|write)|vfs_(?:ioctl|open)|do_dentry_open',
    'do_iter_(?:read|write|readv_writev)|call_(?:read|write)_iter|new_sync_(?:read|write)',
    'ksys_ioctl|compat_(?:sys_)?ioctl|blkdev_(?:driver_)?ioctl',
    '^call_mmap|mmap_region|do_mmap',
    '__do_fault|do_page_fault|^page_fault$',
  ],
  network: [
    'netif_receive_skb',
    '^_*sock_release|^sock_(?:sendmsg|recvmsg|mmap|do_ioctl|ioctl)|^compat_sock_ioctl|sock_common_setsockopt',
    'kernel_(?:setsockopt|listen|accept)|sk_common_release',
    '^(?:nfnetlink_rcv_msg|rtnetlink_rcv_msg|netlink_dump)',
  ],
}
// regexp: words, and none but `.` is repeated
export const DISPATCHERS = new RegExp(Object.values(points).flat().join('|'))

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
  /rcu_barrier/,
]

/** Where many unrelated stalls show: a CPU that waits for others to answer is not the one that is stuck. */
export const SHARED_STALLS: readonly (readonly [RegExp, string])[] = [[/smp_call_function/, 'smp_call_function']]

/** Waits that many unrelated tasks fall into when one thing is stuck: one title for them all; null: that function itself. */
export const SHARED_WAITS: readonly (readonly [RegExp, string | null])[] = [
  [/rtnl_lock/, null],
  [/synchronize_(?:rcu|srcu|net|sched)/, 'synchronize_rcu'],
]
