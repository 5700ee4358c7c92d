import type { Opener } from '../opener.js'

/** What ends the line that began with `INFO: task `: a task's name has at most 15 bytes. */
const HUNG_ON_LATER_LINE = /^.{0,15}:\d{1,10} blocked (?:in I\/O wait )?for more than \d{1,10} seconds\./

/** Watchdogs: RCU stalls (kernel/rcu/tree_stall.h), soft and hard lockups (kernel/watchdog.c), hung tasks (kernel/hung_task.c). */
export const stallOpeners: readonly Opener[] = [
  {
    kind: 'rcu-stall',
    hint: 'detected',
    pattern: /INFO: rcu_?\w* (?:self-)?detected (?:expedited )?stalls?\b/,
    title: 'INFO: rcu detected stall in {fn}',
    guilty: { from: ['interrupted'], skip: [/apic_timer_interrupt/, /rcu/], choose: 'dispatched' },
    awaitsStack: true,
  },
  {
    kind: 'soft-lockup',
    hint: 'soft lockup',
    pattern: /BUG: soft lockup - CPU#\d+ stuck for /,
    title: 'BUG: soft lockup in {fn}',
    guilty: { from: ['ip', 'trace'], choose: 'dispatched' },
  },
  {
    kind: 'hard-lockup',
    hint: 'ard LOCKUP',
    // Also arch/powerpc/kernel/watchdog.c: who stands still, who saw it.
    pattern:
      /(?:[Ww]atchdog|CPU\d+: Watchdog) detected hard LOCKUP on cpu \d+|^(?:watchdog: )?CPU \d+ (?:(?:self-)?detected hard LOCKUP (?:@|on other CPUs)|Hard LOCKUP$)/i,
    title: 'BUG: hard lockup in {fn}',
    guilty: { from: ['ip', 'trace'], choose: 'dispatched' },
  },
  {
    kind: 'hung-task',
    hint: ' for more than ',
    pattern: /INFO: task .{1,64}:\d+ blocked (?:in I\/O wait )?for more than \d+ seconds/,
    title: 'INFO: task hung in {fn}',
    guilty: { from: ['trace'], choose: 'waiting' },
  },
  // A task may have named itself with a line feed: its name ends on a further line, and so does what is said of it.
  {
    kind: 'hung-task',
    hint: 'INFO: task ',
    pattern: /^INFO: task (?!.*:\d{1,10} |.* blocked )/,
    onlyBefore: HUNG_ON_LATER_LINE,
    title: 'INFO: task',
    role: 'preface',
    yieldsTitle: true,
  },
  {
    kind: 'hung-task',
    hint: ' for more than ',
    pattern: HUNG_ON_LATER_LINE,
    title: 'INFO: task hung in {fn}',
    guilty: { from: ['trace'], choose: 'waiting' },
  },
  // Whom the task waits for (6.16 and newer): said after the stack of the one, before the stack of the other.
  {
    kind: 'hung-task',
    hint: 'blocked on ',
    pattern: /INFO: task .{1,64}:\d+ (?:is )?blocked on an? /,
    title: 'INFO: task hung in {fn}',
    guilty: { from: ['trace'], choose: 'waiting' },
    role: 'joins',
  },
  {
    kind: 'hung-task',
    hint: ' for more than ',
    pattern: /INFO: task .{1,64}:\d+ can't die for more than \d+ seconds/,
    title: "INFO: task can't die in {fn}",
    guilty: { from: ['trace'], skip: [/schedule/] },
  },
  // kernel/smp.c: a CPU that does not answer, said again and again.
  {
    kind: 'soft-lockup',
    hint: 'non-responsive CSD lock',
    pattern:
      /^(?:smp: )?csd: (?:Detected|Continued) non-responsive CSD lock \(#\d+\) on CPU#\d+, waiting \d+ ns for CPU#\d+ (?<fn>[A-Za-z_][\w.]*)?/,
    title: 'csd: non-responsive CSD lock in {fn}',
    guilty: { from: ['header', 'trace'] },
    role: 'joins',
  },
  { kind: 'soft-lockup', hint: 'workqueue lockup', pattern: /BUG: workqueue lockup - pool /, title: 'BUG: workqueue lockup' },
  {
    kind: 'other',
    hint: 'unregister_netdevice: waiting',
    pattern: /unregister_netdevice: waiting for \S+ to become free/,
    title: 'unregister_netdevice: waiting for DEV to become free',
    role: 'joins',
  },
]
