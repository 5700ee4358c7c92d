import { byPlace, type FileTally, Tally } from './tally.js'

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

/** Reads what `lcovText` writes; lines of other kinds are passed over. A function's end is not in it: it ends where it begins. */
export function readLcov(text: string): Tally {
  const tally = new Tally()
  let file = ''
  let lines = new Map<number, { line: number; count: number; branches: number[] }>()
  let functions = new Map<string, { name: string; start: number; end: number; count: number }>()
  const lineAt = (line: number) => {
    const known = lines.get(line) ?? { line, count: 0, branches: [] }
    lines.set(line, known)
    return known
  }
  for (const row of text.split('\n')) {
    const [, kind, rest = ''] = /^([A-Z]+):(.*)$/.exec(row) ?? []
    const fields = rest.split(',')
    const [first, second] = [Number(fields[0]), Number(fields[1])]
    if (kind === 'SF') file = rest
    else if (kind === 'FN') functions.set(fields[1] ?? '', { name: fields[1] ?? '', start: first, end: first, count: 0 })
    else if (kind === 'FNDA') {
      const known = functions.get(fields[1] ?? '')
      if (known !== undefined) known.count = first
    } else if (kind === 'DA') lineAt(first).count = second
    else if (kind === 'BRDA') lineAt(first).branches[Number(fields[2])] = fields[3] === '-' ? 0 : Number(fields[3])
    else if (row === 'end_of_record') {
      tally.add([{ source: file, functions: [...functions.values()], lines: [...lines.values()] }], (source) => source)
      lines = new Map()
      functions = new Map()
    }
  }
  return tally
}
