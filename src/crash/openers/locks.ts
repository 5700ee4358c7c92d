// regexp: a console line is cut at 1024 characters (MAX_LINE_CHARS); __tests__/crash/worst-lines.test.ts holds what the worst of them cost.
import type { GuiltyPlan, Opener } from '../opener.js'

const DEADLOCK = /(?:WARNING|INFO): (?:possible .*(?:dependency|recursive locking) detected|[\w-]+ -> [\w-]+ lock order detected)/
/** Allocation allocates for somebody, freeing checks locks for somebody. */
const ALLOCATION = [/kmem/, /slab/]
/** Lockdep's own, on the stack of every report of its: what is left where the lines with the locks were lost. */
const LOCKDEP = [
  /^print_(?:circular_bug|deadlock_bug|irq_inversion_bug|bad_irq_dependency)/,
  /^check_(?:noncircular|prev_add|deadlock)/,
  /^validate_chain/,
]
/** Where the lock was asked for; the helper that took it may be dull, then whoever called it. */
const atTheLocks: GuiltyPlan = { from: ['lock', 'chain', 'trace'], skip: [/^process_one_work$/, ...LOCKDEP] }
/** The lock's place as lockdep prints it, whatever function that is. */
const theLock: GuiltyPlan = { from: ['lock'], anyFunction: true }
const preempted: GuiltyPlan = { from: ['trace'], skip: [/preempt/, /debug_/, /processor_id/, /this_cpu/] }

/** Lockdep (kernel/locking/lockdep.c), RCU's lockdep checks, spinlock debugging, atomic context checks. */
export const lockOpeners: readonly Opener[] = [
  {
    kind: 'lockdep',
    hint: '-unsafe lock order',
    pattern: /WARNING: [\w-]+-safe -> [\w-]+-unsafe lock order detected/,
    title: 'possible deadlock in {fn}',
    guilty: { from: ['irq-safe', 'lock', 'trace'] },
  },
  {
    kind: 'lockdep',
    hint: 'circular locking dependency',
    pattern: DEADLOCK,
    title: 'possible deadlock in {fn}',
    guilty: atTheLocks,
  },
  ...['dependency detected', 'recursive locking detected', 'lock order detected'].map(
    (hint): Opener => ({ kind: 'lockdep', hint, pattern: DEADLOCK, title: 'possible deadlock in {fn}', guilty: theLock }),
  ),
  {
    kind: 'lockdep',
    hint: 'Nested lock was not taken',
    pattern: /(WARNING|INFO|BUG): Nested lock was not taken/,
    title: '$1: nested lock was not taken in {fn}',
    guilty: { from: ['ip', 'trace'] },
  },
  {
    kind: 'lockdep',
    hint: 'inconsistent lock state',
    pattern: /WARNING: inconsistent lock state/,
    title: 'inconsistent lock state in {fn}',
    guilty: { from: ['trace'] },
  },
  {
    kind: 'lockdep',
    hint: 'inconsistent lock state',
    pattern: /INFO: inconsistent lock state/,
    title: 'inconsistent lock state in {fn}',
    guilty: theLock,
  },
  {
    kind: 'rcu',
    hint: 'suspicious RCU usage',
    pattern: /(WARNING|INFO|ERR): suspicious RCU usage/,
    title: '$1: suspicious RCU usage in {fn}',
    guilty: { from: ['trace'], skip: [/rcu/, ...ALLOCATION] },
  },
  {
    kind: 'lockdep',
    hint: 'bad unlock balance',
    pattern: /(WARNING|BUG): bad unlock balance detected/,
    title: '$1: bad unlock balance in {fn}',
    guilty: { from: ['release', 'trace'] },
  },
  {
    kind: 'lockdep',
    hint: 'bad contention',
    pattern: /(WARNING|BUG): bad contention detected/,
    title: '$1: bad contention in {fn}',
    guilty: { from: ['release', 'trace'] },
  },
  {
    kind: 'lockdep',
    hint: 'held lock freed',
    pattern: /(WARNING|BUG): held lock freed!/,
    title: '$1: held lock freed in {fn}',
    guilty: theLock,
  },
  {
    kind: 'lockdep',
    hint: 'still has locks held',
    pattern: /(WARNING|BUG): .*still has locks held!/,
    title: '$1: still has locks held in {fn}',
    guilty: theLock,
  },
  {
    kind: 'lockdep',
    hint: 'returning to user space',
    pattern: /(WARNING|BUG): lock held when returning to user space!/,
    title: '$1: lock held when returning to user space in {fn}',
    guilty: theLock,
  },
  {
    kind: 'lockdep',
    hint: 'nvalid wait context',
    pattern: /(WARNING|BUG): Invalid wait context/i,
    title: 'WARNING: locking bug in {fn}',
    guilty: { from: ['trace'], skip: [/^lock_sock/, /^release_sock/] },
  },
  {
    kind: 'lockdep',
    hint: 'non-static key',
    pattern: /INFO: trying to register non-static key/,
    title: 'INFO: trying to register non-static key in {fn}',
    guilty: { from: ['trace'], skip: [/stack/, /lock/, /IRQ/] },
  },
  {
    kind: 'lockdep',
    hint: ' too low!',
    pattern: /BUG: (MAX_\w+) too low!/,
    title: 'BUG: $1 too low!',
  },
  {
    kind: 'lockdep',
    hint: 'BUG: key ',
    pattern: /BUG: key \S+ (?:not in \.data|has not been registered)!/,
    title: 'BUG: lock key not registered in {fn}',
    guilty: { from: ['trace'] },
  },
  // kernel/locking/spinlock_debug.c: what is wrong, then on which CPU.
  ...['spinlock', 'rwlock'].map(
    (lock): Opener => ({
      kind: 'bug',
      hint: `${lock} `,
      pattern: new RegExp(`BUG: (${lock}) ([a-z][\\w -]{2,40}?)(?: on CPU#|,|\\s*$)`),
      title: 'BUG: $1 $2 in {fn}',
      guilty: { from: ['trace'], skip: [/spin_/, /_(?:un)?lock/] },
    }),
  ),
  {
    kind: 'atomic-sleep',
    hint: 'sleeping function called',
    pattern: /BUG: sleeping function called from invalid context(?: at |$)/,
    title: 'BUG: sleeping function called from invalid context in {fn}',
    guilty: { from: ['trace'] },
  },
  {
    kind: 'atomic-sleep',
    hint: 'BUG: scheduling ',
    pattern: /BUG: scheduling (while atomic|in a non-blocking section): /,
    title: 'BUG: scheduling $1 in {fn}',
    guilty: { from: ['trace'], skip: [/schedule/] },
  },
  {
    kind: 'atomic-sleep',
    hint: 'BUG: assuming ',
    pattern: /BUG: assuming ([a-z][a-z ]{2,40}) at \S+:\d+/,
    title: 'BUG: assuming $1 in {fn}',
    guilty: { from: ['trace'] },
  },
  {
    kind: 'atomic-sleep',
    hint: 'workqueue leaked ',
    pattern: /BUG: workqueue leaked (?:lock or atomic|atomic, lock or RCU)/,
    title: 'BUG: workqueue leaked lock or atomic in {last}',
    details: { last: /(?:last function: |\bworkfn=)([A-Za-z_]\w*)/ },
  },
  {
    kind: 'bug',
    hint: 'in preemptible',
    pattern: /BUG: using (\w+)\(\) in preemptible/,
    title: 'BUG: using $1() in preemptible code in {fn}',
    guilty: preempted,
  },
]
