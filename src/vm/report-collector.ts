import type { KernelReport } from '../domain/kernel-report.js'

/** Different reports kept of one guest: a kernel that warns in a loop, or makes up titles, must not fill our memory. */
const MOST_REPORTS = 1000

/** Keeps a guest's kernel reports, equal ones as one with how often it came. None is dropped without a word. */
export class ReportCollector {
  readonly #reports = new Map<string, KernelReport>()
  #beyond: KernelReport | null = null

  /** @returns true for a report that was not there before */
  add(report: KernelReport): boolean {
    const { kind, title, test, kunitSuite, phase, fatal, provoked } = report
    const key = JSON.stringify([kind, title, test, kunitSuite ?? null, phase ?? null, fatal, provoked])
    const known = this.#reports.get(key)
    if (known !== undefined) {
      this.#reports.set(key, { ...known, count: (known.count ?? 1) + 1 })
      return false
    }
    // What ends the guest is the last word, and there are few of them.
    if (this.#reports.size >= MOST_REPORTS && !fatal) {
      this.#beyond ??= {
        ...report,
        kind: 'other',
        title: `more than ${MOST_REPORTS} different kernel reports`,
        lines: [],
        frames: [],
        provoked: false,
      }
      return false
    }
    this.#reports.set(key, report)
    return true
  }

  /** In the order they came first. One that says so stands for those that were too many. */
  all(): KernelReport[] {
    return [...this.#reports.values(), ...(this.#beyond === null ? [] : [this.#beyond])]
  }
}
