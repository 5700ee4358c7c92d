/** One bound of a range: `>=6.1`. */
interface Bound {
  readonly operator: '<' | '<=' | '>' | '>=' | '='
  readonly version: readonly number[]
}

/** Kernel versions, all of whose bounds hold. */
export interface KernelRange {
  readonly text: string
  readonly bounds: readonly Bound[]
}

/**
 * Reads `>=6.1,<6.6`; null where it is no range. `=6.1` and `<=6.1` take in all of 6.1.x: a version is compared as far as the bound goes.
 */
export function parseKernelRange(text: string): KernelRange | null {
  const bounds: Bound[] = []
  for (const part of text.split(',')) {
    const match = /^(<=|>=|<|>|=)(\d+(?:\.\d+){0,3})$/.exec(part.trim())
    if (match?.[2] === undefined) return null
    bounds.push({ operator: match[1] as Bound['operator'], version: match[2].split('.').map(Number) })
  }
  return { text, bounds }
}

/**
 * True where a release is in the range. `6.7.0-rc1-dirty` counts as 6.7.0.
 * @param release as `uname -r` prints it; null (unknown) is in no range
 */
export function isInKernelRange(release: string | null, range: KernelRange): boolean {
  const match = /^(\d+(?:\.\d+)*)/.exec(release ?? '')
  if (match?.[1] === undefined) return false
  const version = match[1].split('.').map(Number)
  return range.bounds.every((bound) => holds(version, bound))
}

function holds(version: readonly number[], bound: Bound): boolean {
  const order = compare(version, bound.version)
  switch (bound.operator) {
    case '<':
      return order < 0
    case '<=':
      return order <= 0
    case '>':
      return order > 0
    case '>=':
      return order >= 0
    case '=':
      return order === 0
  }
}

function compare(version: readonly number[], bound: readonly number[]): number {
  for (const [index, part] of bound.entries()) {
    const difference = (version[index] ?? 0) - part
    if (difference !== 0) return difference
  }
  return 0
}
