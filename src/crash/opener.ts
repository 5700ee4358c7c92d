import type { KernelReportKind } from '../domain/kernel-report.js'

/**
 * How one sort of report begins, and how its title is made. Pure data: the machinery knows none of them.
 * Adding a sort of report is adding one of these to a list in openers/.
 */
export interface Opener {
  readonly kind: KernelReportKind
  /** A literal of three characters or more (or of two, never at the end of a line) that every line this matches contains; one scan for all hints passes over most lines. */
  readonly hint: string
  readonly pattern: RegExp
  /** Lines that match this too are something else. */
  readonly unless?: RegExp
  /** Only in a line with the kernel's time stamp: programs print the like. */
  readonly stampedOnly?: true
  /** A report of its kind only where a stack follows. Without one it is nothing, or a note: told, and no fault. */
  readonly withoutStack?: 'nothing' | 'note'
  /** A report only where a line like this follows within it: what opens it is a word that much else says. */
  readonly onlyBefore?: RegExp
  /** `$1`, `$2`… are the pattern's groups, `{name}` a detail below, `{fn}` the guilty function; an absent one goes with its preposition. */
  readonly title: string
  /** Further parts of the title, found in later lines: the first group of the first match. */
  readonly details?: Readonly<Record<string, RegExp>>
  /** Absent: the title names no function. */
  readonly guilty?: GuiltyPlan
  /**
   * How it behaves while a report of the same context is open. `opens` (default): ends that one and opens another.
   * `joins`: belongs to it, and opens one only where none is open. `preface`: opens, and the next report line belongs to it.
   * `dies`: names the exception of the report that has just begun, of which there is one a report; opens one otherwise.
   * `remark`: no part of an open report; opens one where none is open.
   * `panic`: the machine is dying; see the classifier for which report that is charged to.
   */
  readonly role?: 'opens' | 'joins' | 'preface' | 'dies' | 'remark' | 'panic'
  /** Its own stack comes late: a warning that the kernel runs into while it prints one is part of it. */
  readonly awaitsStack?: true
  /** A preface that only says of what kind the next report is: its title is made by that one. */
  readonly yieldsTitle?: true
  /** The kernel cannot go on after this, whatever follows. */
  readonly fatal?: true
}

/** Where the guilty function is looked for, in this order, and what is passed over. */
export interface GuiltyPlan {
  readonly from: readonly GuiltySource[]
  /** Passed over on top of the functions that are never guilty. */
  readonly skip?: readonly RegExp[]
  /** Nobody is passed over: the place itself is what the report is about. */
  readonly anyFunction?: true
  /** `first` (default) that is not passed over; `dispatched`: the one below the point where the kernel chose it; `waiting`: who waits. */
  readonly choose?: 'first' | 'dispatched' | 'waiting'
}

/**
 * `header`: named groups `fn` of the opening line. `lock`: after `at:` of the lock a lockdep report is about, then of those held. `release`: the first of these alone.
 * `chain`: how the chain of locks came about, printed below them. `page-origin`: who took the page last. `irq-safe`: the stack that made a lock irq-safe. `ip`: the instruction pointer. `trace`: frames after the first stack heading. `frames`: frames from the first line on.
 * `interrupted`: what ran when the interrupt came that noticed the trouble.
 */
export type GuiltySource = 'header' | 'lock' | 'release' | 'chain' | 'page-origin' | 'irq-safe' | 'ip' | 'trace' | 'frames' | 'interrupted'
