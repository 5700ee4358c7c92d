import { byPlace, type FileTally, type Tally } from './tally.js'

/**
 * The tally as an LCOV trace file (geninfo(1), "FILES"), a section a file: functions, branches, lines, and their sums. The branches of a line are
 * one block, numbered from 0; those of a line that never ran are `-`.
 */
export function lcovText(tally: Tally): string {
  return [...tally.files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, counts]) => sectionOf(file, counts))
    .join('')
}

function sectionOf(file: string, { lines, functions }: FileTally): string {
  const named = uniqueNames(functions)
  const ordered = [...lines].sort(([a], [b]) => a - b)
  const branches = ordered.flatMap(([line, { count, branches: taken }]) =>
    taken.map((times, index) => ({ text: `BRDA:${line},0,${index},${count === 0 ? '-' : times}`, times })),
  )
  return [
    'TN:',
    `SF:${file}`,
    ...named.map(({ name, start }) => `FN:${start},${name}`),
    ...named.map(({ name, count }) => `FNDA:${count},${name}`),
    `FNF:${named.length}`,
    `FNH:${named.filter(({ count }) => count > 0).length}`,
    ...branches.map(({ text }) => text),
    `BRF:${branches.length}`,
    `BRH:${branches.filter(({ times }) => times > 0).length}`,
    ...ordered.map(([line, { count }]) => `DA:${line},${count}`),
    `LF:${ordered.length}`,
    `LH:${ordered.filter(([, { count }]) => count > 0).length}`,
    'end_of_record',
    '',
  ].join('\n')
}

/** A trace file keeps functions by their names alone: of two of one name the counts are added. */
function uniqueNames(functions: FileTally['functions']): readonly { name: string; start: number; count: number }[] {
  const byName = new Map<string, { name: string; start: number; count: number }>()
  for (const { name, start, count } of [...functions.values()].sort(byPlace)) {
    const known = byName.get(name)
    if (known === undefined) byName.set(name, { name, start, count })
    else known.count += count
  }
  return [...byName.values()]
}
