import { describeExit, lastWords } from '../../domain/exit.js'
import type { KernelReport, KernelReportKind } from '../../domain/kernel-report.js'
import type { BatchRun, GuestRun, VmExit } from '../../domain/vm-run.js'
import type { ProgramEnd } from '../../vm/index.js'

/** How a command in a guest went. */
export interface ExecOutcome {
  /** How the command ended; null where nobody can say. */
  readonly end: ProgramEnd | null
  /** Why there is no telling, as a sentence without a full stop: the guest did not start, panicked, or was lost; null where it powered off by itself. */
  readonly lost: string | null
  readonly isCancelled: boolean
  readonly reports: readonly KernelReport[]
  /** Null where QEMU could not be started. */
  readonly guest: GuestRun | null
  readonly batch: BatchRun | null
}

/** EX_UNAVAILABLE: the guest could not start, panicked or was lost. */
const LOST = 69
const CANCELLED = 130

/** What the kernel reports of a slow or emulated host, of user space, or of a file system told to shut down. Everything else is a bug, a warning included. */
const NO_BUG: ReadonlySet<KernelReportKind> = new Set([
  'soft-lockup',
  'rcu-stall',
  'hung-task',
  'oom',
  'user-fault',
  'fs-shutdown',
  'hardware-error',
  'note',
])

/** The first report of a bug. */
export function bugAmong(reports: readonly KernelReport[]): KernelReport | null {
  return reports.find(({ kind, fatal, provoked }) => !provoked && (fatal || !NO_BUG.has(kind))) ?? null
}

/** The command's own status, 128 and the number of the signal that ended it; 1 where it was content and the kernel was not. */
export function exitStatusOf({ end, lost, isCancelled, reports }: ExecOutcome): number {
  if (isCancelled) return CANCELLED
  if (lost !== null || end === null) return LOST
  const status = statusOf(end)
  return status === 0 && bugAmong(reports) !== null ? 1 : status
}

function statusOf(end: ProgramEnd): number {
  if (end.kind === 'exit') return end.code
  // What timeout(1) says.
  return end.kind === 'signal' ? 128 + end.signal : 124
}

/** What to say beside the command's own output; nothing where its status says all. */
export function describeOutcome(outcome: ExecOutcome): readonly string[] {
  const { end, lost, isCancelled, reports } = outcome
  const bug = bugAmong(reports)
  if (isCancelled) return ['cancelled']
  return [
    ...(lost === null ? [] : [lost]),
    ...(bug === null ? [] : [`the kernel reported: ${bug.title}`]),
    ...(end?.kind === 'signal' ? [`the command was ended by signal ${end.signal}`] : []),
    ...(end?.kind === 'limit' ? [`the command did not end within ${end.seconds} s`] : []),
  ]
}

/** Why a guest that ended like this leaves no telling; null for one that powered off with nothing left to do. */
export function whyLost(exit: VmExit, hadEnded: boolean): string | null {
  if (exit.kind === 'poweroff' && hadEnded) return null
  return `${describeExit(exit)}${lastWords(exit)}`
}
