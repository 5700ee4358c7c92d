import { excusesOnBase } from '../domain/excuse.js'
import type { TestRecord } from '../domain/record.js'
import { isFailure } from '../domain/verdict.js'
import { headlineOf } from './evidence.js'
import { shortLine } from './foreign-text.js'

/** What running it again on the base's bundle showed, as a sentence without its full stop; null where it was not run there. */
export function describeBase(test: TestRecord): string | null {
  const { onBase } = test
  if (onBase === undefined) return null
  const kernel = `the base's kernel ${shortLine(onBase.revision ?? onBase.kernelRelease ?? 'of unknown revision', 120)}`
  if (onBase.status === 'pass') return `passes on ${kernel}`
  if (!isFailure(onBase.status)) return `says nothing on ${kernel} (${onBase.status})`
  const said = `(${onBase.status}: ${headlineOf({ ...test, status: onBase.status, attempts: onBase.attempts })})`
  return excusesOnBase(onBase, test) ? `fails on ${kernel} too ${said}` : `fails on ${kernel} too, but that is no excuse ${said}`
}
