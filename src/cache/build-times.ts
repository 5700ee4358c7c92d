import type { Registration } from './registration.js'

/** Seconds each derivation's builder ran, by the derivation's path. */
export type BuildTimes = ReadonlyMap<string, number>

/**
 * What building these paths takes one after the other, each derivation once; builders that ran side by side took less of
 * the clock. Sources and downloads have no derivation and count nothing.
 * @returns null where the time of a derivation among them is not known
 */
export function secondsToBuild(paths: readonly Registration[], times: BuildTimes): number | null {
  let sum = 0
  for (const deriver of deriversOf(paths)) {
    const seconds = times.get(deriver)
    if (seconds === undefined) return null
    sum += seconds
  }
  return sum
}

/** The times these paths need, as they are kept in the index. */
export function timesOf(paths: readonly Registration[], times: BuildTimes): Record<string, number> {
  const known = [...deriversOf(paths)].flatMap((deriver) => {
    const seconds = times.get(deriver)
    return seconds === undefined ? [] : [[deriver, seconds] as const]
  })
  return Object.fromEntries(known)
}

function deriversOf(paths: readonly Registration[]): ReadonlySet<string> {
  return new Set(paths.map(({ deriver }) => deriver).filter((deriver) => deriver !== ''))
}
