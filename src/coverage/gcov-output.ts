/** What gcov says of a line: how often it ran, and each way out of it. */
export interface LineCount {
  readonly line: number
  readonly count: number
  readonly branches: readonly number[]
}

export interface FunctionCount {
  readonly name: string
  readonly start: number
  readonly end: number
  readonly count: number
}

/** One source file, as one object file has it. */
export interface SourceCounts {
  /** As the compiler was given it. */
  readonly source: string
  readonly functions: readonly FunctionCount[]
  readonly lines: readonly LineCount[]
}

/**
 * Reads what `gcov --json-format --stdout --branch-probabilities` prints: an object a line, one for each data file (gcov's manual, "--json-format").
 * A line that is none, or cut, is passed over. The input is foreign: what has not the expected type is left out.
 */
export function parseGcov(stdout: string): readonly SourceCounts[] {
  return stdout.split('\n').flatMap((line) => (line.startsWith('{') ? sourcesOf(line) : []))
}

function sourcesOf(line: string): readonly SourceCounts[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return []
  }
  return objects(field(parsed, 'files')).flatMap((file) => {
    const source = field(file, 'file')
    if (typeof source !== 'string') return []
    return [
      { source, functions: objects(field(file, 'functions')).flatMap(functionOf), lines: objects(field(file, 'lines')).flatMap(lineOf) },
    ]
  })
}

function functionOf(given: object): readonly FunctionCount[] {
  const [name, start, end, count] = [
    field(given, 'name'),
    field(given, 'start_line'),
    field(given, 'end_line'),
    field(given, 'execution_count'),
  ]
  if (typeof name !== 'string' || !isLine(start) || !isLine(end) || !isCount(count)) return []
  return [{ name, start, end, count }]
}

function lineOf(given: object): readonly LineCount[] {
  const [line, count] = [field(given, 'line_number'), field(given, 'count')]
  if (!isLine(line) || !isCount(count)) return []
  const branches = objects(field(given, 'branches')).map((branch) => field(branch, 'count'))
  return [{ line, count, branches: branches.every(isCount) ? branches : [] }]
}

function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined
}

function objects(value: unknown): readonly object[] {
  return Array.isArray(value) ? value.filter((each): each is object => typeof each === 'object' && each !== null) : []
}

/** A file of the kernel has fewer lines. */
const MOST_LINES = 1_000_000

function isLine(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= MOST_LINES
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}
