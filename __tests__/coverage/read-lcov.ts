import { Tally } from '../../src/coverage/index.js'

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
