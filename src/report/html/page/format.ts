import type { TestStatus } from '../../../domain/test.js'
import type { Place } from '../../bucket.js'
import { STATUS_WORDS } from '../../words.js'

/** How a place looks: a sign beside the colour, so that nobody has to tell colours apart. */
export const SIGNS: Readonly<Record<Place, string>> = {
  new: '✕',
  known: '●',
  flaky: '≈',
  xfail: '◇',
  stale: '◆',
  notreached: '○',
  notrun: '–',
  expunged: '⊘',
  pass: '✓',
}

export const placeName = (place: Place, compared: boolean): string => {
  const names: Readonly<Record<Place, string>> = {
    new: compared ? 'new' : 'failed',
    known: 'known',
    flaky: 'flaky',
    xfail: 'expected',
    stale: 'stale',
    notreached: 'not reached',
    notrun: 'not run',
    expunged: 'excluded',
    pass: 'passed',
  }
  return names[place]
}

/** What a test came to, for its row: `crashed · new`. A failure says how it failed, and whether it is new where that is known. */
export const outcome = (place: Place, status: TestStatus, compared: boolean): string => {
  if (place !== 'new' && place !== 'known') return placeName(place, compared)
  return compared ? `${STATUS_WORDS[status]} · ${place}` : STATUS_WORDS[status]
}

/** What a place means, for the tooltip of its filter. */
export const PLACE_MEANINGS: Readonly<Record<Place, string>> = {
  new: 'Fails here and not in the baseline',
  known: 'Fails in the baseline too',
  flaky: 'Failed, then passed when run again',
  xfail: 'Failed, as a list says it would',
  stale: 'Passed, although a list says it fails',
  notreached: 'Planned, never started',
  notrun: 'Declined to run, with a reason',
  expunged: 'Excluded by a list',
  pass: 'Passed',
}

/** Milliseconds for people. */
export function time(ms: number | null): string {
  if (ms === null) return ''
  const seconds = ms / 1000
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`
  if (seconds < 60) return `${Math.round(seconds)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')} min`
  return `${Math.floor(whole / 3600)}:${String(Math.floor((whole % 3600) / 60)).padStart(2, '0')} h`
}

export function size(bytes: number | null): string {
  if (bytes === null) return ''
  return bytes < 1024 * 1024 ? `${(bytes / 1024).toFixed(1)} KiB` : `${Math.round(bytes / 1024 / 1024)} MiB`
}

/** `1 test`, `2 tests`, `10,000 tests`. */
export const count = (number: number, noun: string): string => `${number.toLocaleString('en')} ${noun}${number === 1 ? '' : 's'}`
