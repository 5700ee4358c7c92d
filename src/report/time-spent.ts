import type { RunRecord } from '../domain/record.js'
import type { TimeSplit } from '../domain/time-split.js'

/** Seconds of what the record does not hold; null for what did not happen. */
export interface BuildTimes {
  readonly kernel: number | null
  readonly bundle: number | null
}

/** One line: how much of a run was build, boot (of the first guest, to where it asked for work) and tests. '' where none is known. */
export function timeSpent(record: Pick<RunRecord, 'guests' | 'tests' | 'time'>, build: BuildTimes): string {
  if (record.time !== undefined) return `time: ${describeTimeSplit(record.time)}`
  const boot = record.guests[0]?.boot.readySeconds ?? null
  const tests = record.tests.flatMap(({ attempts }) => attempts.map(({ durationSeconds }) => durationSeconds ?? 0))
  const of = record.guests.length > 1 ? ` (those of ${record.guests.length} VMs added up)` : ''
  const parts = [
    ...(build.kernel === null ? [] : [`kernel build ${build.kernel.toFixed(1)} s`]),
    ...(build.bundle === null || build.bundle === 0 ? [] : [`bundle ${build.bundle.toFixed(1)} s`]),
    ...(boot === null ? [] : [`boot ${boot.toFixed(1)} s`]),
    ...(tests.length === 0 ? [] : [`tests ${tests.reduce((sum, one) => sum + one, 0).toFixed(1)} s${of}`]),
  ]
  return parts.length === 0 ? '' : `time: ${parts.join(', ')}`
}

/** In the order in which a run comes to them. */
const PARTS: readonly (readonly [key: keyof TimeSplit, words: string])[] = [
  ['nixSeconds', 'Nix'],
  ['kernelSeconds', 'kernel'],
  ['bundleSeconds', 'bundle'],
  ['bootSeconds', 'boot'],
  ['startSeconds', 'starts of the suite'],
  ['testSeconds', 'tests'],
  ['betweenSeconds', 'between tests'],
  ['idleSeconds', 'VMs without work'],
  ['baseSeconds', 'tests on the base'],
  ['reportSeconds', 'reading results'],
  ['oursSeconds', 'everything else'],
]

/** A part of less than this share of the whole is nothing to look at: it is counted with everything else. */
const LEAST_SHARE = 0.01

/** The whole and its parts, in one line. */
export function describeTimeSplit(time: TimeSplit): string {
  const least = Math.max(0.05, time.wholeSeconds * LEAST_SHARE)
  const small = PARTS.filter(([key]) => key !== 'oursSeconds' && time[key] < least).reduce((sum, [key]) => sum + time[key], 0)
  const counted = { ...time, oursSeconds: time.oursSeconds + small }
  const parts = PARTS.filter(([key]) => (key === 'oursSeconds' ? counted[key] >= 0.05 : counted[key] >= least)).map(
    ([key, words]) => `${words} ${counted[key].toFixed(1)} s`,
  )
  return `${time.wholeSeconds.toFixed(1)} s${parts.length === 0 ? '' : ` = ${parts.join(' + ')}`}`
}
