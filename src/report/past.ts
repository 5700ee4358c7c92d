import { flakeRate } from '../domain/flake-rate.js'
import { isFailure } from '../domain/verdict.js'
import type { EarlierRun, HistoryPoint } from './context.js'
import { shortLine } from './foreign-text.js'
import { commitName } from './known.js'

/** How a test did before this run, in a sentence without its full stop; '' where nothing is known. */
export function describePast(points: readonly HistoryPoint[]): string {
  if (points.length === 0) return ''
  const failures = points.filter(isBad).length
  const parts = [
    failures === 0 ? `never failed in ${runs(points.length)} before` : `failed in ${failures} of ${runs(points.length)} before`,
    ...flaky(points),
    ...lastPass(points),
  ]
  return parts.join('; ')
}

/** One letter a run, oldest first: `p`assed, `f`ailed, `c`rashed, `t`imed out, f`l`aky, `n`ot run. */
export function pastLetters(points: readonly HistoryPoint[]): string {
  return points.map((point) => (point.flaky === true ? 'l' : (LETTERS[point.status] ?? 'n'))).join('')
}

const LETTERS: Readonly<Partial<Record<HistoryPoint['status'], string>>> = { pass: 'p', fail: 'f', crashed: 'c', timeout: 't' }

const isBad = ({ status, flaky }: HistoryPoint): boolean => isFailure(status) && flaky !== true
const runs = (count: number): string => `${count} ${count === 1 ? 'run' : 'runs'}`

function flaky(points: readonly HistoryPoint[]): string[] {
  const rate = flakeRate(
    points.map(({ status, flaky: isFlaky, run }) => ({ status, flaky: isFlaky === true, kernelRelease: run?.kernelRelease ?? null })),
  )
  return rate === 0 ? [] : [`flaky in ${Math.round(rate * 100)} %`]
}

function lastPass(points: readonly HistoryPoint[]): string[] {
  const last = points.findLastIndex((point) => point.status === 'pass' || point.flaky === true)
  const first = points.slice(last + 1).find(isBad)
  if (last < 0) return ['never passed as far as the history goes back']
  const passed = points[last]
  return [
    `last passed ${whichRun(passed?.run)}`,
    ...(first === undefined || first.run === undefined ? [] : [`failing since ${whichRun(first.run)}`]),
  ]
}

/** `2026-11-23 on 6.18.0-rc1 (a1b2c3d4e5f6)`. */
function whichRun(run: EarlierRun | undefined): string {
  if (run === undefined) return 'before'
  const kernel = run.kernelRelease === null ? '' : ` on ${shortLine(run.kernelRelease, 80)}`
  const commit = run.commit === undefined ? '' : ` (${commitName(run.commit.replace(/-dirty$/, ''))})`
  return `${shortLine(run.startedAt.slice(0, 10), 10)}${kernel}${commit}`
}
