import { testKey } from '../../domain/test-key.js'
import type { TimedTest } from './shard.js'

/** How often a plan is tried with times that are off. */
export const DRAWS = 45

/** Of 2^u with u evenly between -1 and 1: its standard deviation over its mean. */
export const OFF_BY_TWO = 0.394

/**
 * What a test takes, in seconds: first what is believed, then DRAWS times something between half and twice that, the logarithm evenly
 * drawn. By its name and the draw alone, so that the same plan comes of any order.
 */
export function timesOf(test: TimedTest): readonly number[] {
  const hash = hashOf(testKey(test))
  const draws = Array.from({ length: DRAWS }, (_, draw) => test.seconds * 2 ** (2 * fraction(hash, draw) - 1))
  return [test.seconds, ...draws]
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return hash
}

/** A number from 0 to 1: the bits of both, mixed (the end of MurmurHash3). */
function fraction(hash: number, draw: number): number {
  let mixed = Math.imul(hash ^ Math.imul(draw + 1, 0x9e3779b1), 0xcc9e2d51)
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35)
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32
}
