import type { EarlierRun, HistoryPoint } from '../context.js'
import { shortLine } from '../foreign-text.js'
import { commitName } from '../known.js'
import type { PagePast, PagePastRun } from './page-data.js'

/** The earlier runs that tests' histories name, each once. */
export class PastRuns {
  readonly #places = new Map<EarlierRun, number>()

  past({ status, flaky, seconds, run }: HistoryPoint): PagePast {
    return [
      flaky === true ? 'flaky' : status,
      seconds === null ? null : Math.round(seconds * 1000),
      run === undefined ? null : this.#place(run),
    ]
  }

  all(): readonly PagePastRun[] {
    return [...this.#places.keys()].map(({ startedAt, kernelRelease, commit }) => ({
      startedAt: shortLine(startedAt, 40),
      kernel: shortLine(kernelRelease ?? '', 120),
      commit: commit === undefined ? '' : commitName(commit.replace(/-dirty$/, '')),
    }))
  }

  #place(run: EarlierRun): number {
    const known = this.#places.get(run)
    if (known !== undefined) return known
    this.#places.set(run, this.#places.size)
    return this.#places.size - 1
  }
}
