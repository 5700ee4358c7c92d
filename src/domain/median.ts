/** The middle of these, the upper one of two; null where there are none. */
export function median(values: readonly number[]): number | null {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? null
}
