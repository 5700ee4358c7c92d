import type { TestName } from '../../domain/test.js'

/**
 * What check's own words say about one test.
 * `unclear`: words that are no verdict: a cut line, a damaged one, the test's own output under `-d`. Another source must decide.
 */
export type WordedStatus = 'pass' | 'fail' | 'notrun' | 'expunged' | 'no-such-test' | 'unclear'

export interface WordedVerdict {
  readonly status: WordedStatus
  readonly seconds: number | null
  /** A failure's reasons, or the reason of a notrun. */
  readonly message: string | null
  /** The start of the difference from the golden output, as check printed it. */
  readonly diff: string | null
}

/** Lines of one test: the rest of its first line, then the lines up to the next test or summary. */
export interface TestBlock {
  readonly name: TestName
  readonly rest: string
  readonly continuation: readonly string[]
  /** False where the output ends in the middle of the block's last line. */
  readonly whole: boolean
}

/** No column is wider. Blanks without bound, next to blanks that may belong to what follows, would be tried in every way there is. */
const widest = 200
const stamp = String.raw`\[\d\d:\d\d:\d\d\]`
/** Between name and verdict: the last known time, or blanks up to the column; a tab before 2019. */
const columnPattern = new RegExp(`^(?: {0,16}\\d+s \\.\\.\\. ?|\\t| {2,${widest}})?(?: {0,8}${stamp}){0,2} ?`)
/**
 * The whole rest of a passing line. Eight blanks at least, or the last known time with its dots: so a line cut after the
 * last known time (`generic/001  34s` of `generic/001  34s ... `) is never taken for a pass.
 */
// regexp: blanks are counted up to 200, from a line’s start
const passPattern = new RegExp(`^(?:\\t| {8,${widest}}| {0,16}\\d+s \\.\\.\\. )(?: {0,8}${stamp}){0,2} {0,16}(\\d+)s$`)
/** Under `-d` the time stands alone after the test's own output. */
const lonePassPattern = new RegExp(`^(?: ${stamp})? (\\d+)s$`)
const lastTimePattern = /^ *\d+s \.\.\. ?$/

interface Mark {
  readonly pattern: RegExp
  readonly describe: (match: RegExpExecArray) => string
}

/** Words of check, common/rc and common/xfs that make a test fail, wherever they stand in the block. */
const marks: readonly Mark[] = [
  { pattern: /\[failed, exits? status (\d+)\]/, describe: (match) => `failed, exit status ${match[1]}` },
  { pattern: /\[dumped core\]/, describe: () => 'dumped core' },
  // The hyphen may be taken for the end of a name.
  { pattern: /(?:^|[- ])output mismatch/, describe: () => 'output mismatch' },
  { pattern: /\bno qualified output\b/, describe: () => 'no qualified output' },
  // regexp: 64 characters are looked at behind each `_check_`
  { pattern: /_check_\w{1,64}: .*/s, describe: (match) => withoutPlace(match[0]) },
  { pattern: /^Trying to repair broken TEST_DEV file system$/, describe: () => 'TEST_DEV was left broken' },
  { pattern: /^(?:\w+ failed, err=\d+|!!! failed to remount .*)$/, describe: (match) => match[0] },
]

/** Without ` (see FILE)` at the end. */
function withoutPlace(text: string): string {
  const open = text.lastIndexOf(' (see ')
  return open !== -1 && text.indexOf(')', open) === text.length - 1 ? text.slice(0, open) : text
}

/** Reads one test's block. A pass needs a whole line of the exact form; everything else is worse or unclear. */
export function readBlock(block: TestBlock): WordedVerdict {
  const head = block.rest.replace(columnPattern, '')
  // First, because the reason of a notrun is free text. `[dumped core][not run]` is still a failure.
  if (head.startsWith('[not run]')) return readNotrun(head, block)
  const lines = [head, ...block.continuation]
  const failures = lines.flatMap((line) => (line.startsWith('    ') ? [] : describeMarks(line)))
  if (failures.length > 0) return { ...readFailure(failures, block), seconds: readPassSeconds(block) }
  if (head.startsWith('[expunged]')) return { status: 'expunged', seconds: null, message: null, diff: null }
  if (/^ ?- no such test\?/.test(head)) {
    return { status: 'no-such-test', seconds: null, message: 'check found no such test', diff: null }
  }
  const seconds = readPassSeconds(block)
  if (seconds !== null && isNothingElse(block, head)) return { status: 'pass', seconds, message: null, diff: null }
  return { status: 'unclear', seconds: null, message: null, diff: null }
}

function describeMarks(line: string): string[] {
  return marks.flatMap((mark) => {
    const match = mark.pattern.exec(line)
    return match === null ? [] : [mark.describe(match)]
  })
}

function readPassSeconds(block: TestBlock): number | null {
  if (block.continuation.length === 0 && !block.whole) return null
  const match = passPattern.exec(block.rest) ?? (isCutShort(block) ? null : lonePassPattern.exec(lastText(block)))
  return match?.[1] === undefined ? null : Number(match[1])
}

/** True where the block has no text of its own before the time: then a time alone on a line is not check's `-d` form. */
function isCutShort(block: TestBlock): boolean {
  // A damaged line that still holds such a word is no test's own output.
  return (
    block.rest.trim() === '' ||
    lastTimePattern.test(block.rest) ||
    !block.whole ||
    /\[(?:not run|expunged|failed, exit|dumped core)/.test(block.rest)
  )
}

function lastText(block: TestBlock): string {
  return block.continuation.filter((line) => line !== '').at(-1) ?? ''
}

/** A line that neither check nor we can explain takes the pass away: another source must confirm it. */
function isNothingElse(block: TestBlock, head: string): boolean {
  if (passPattern.test(block.rest)) return block.continuation.every((line) => line.trim() === '')
  // Under `-d` the test's own output stands before the time, and every test begins with this line (`_begin_fstest`, common/preamble).
  const [group, id] = block.name.split('/')
  const first = [head, ...block.continuation].find((line) => line.trim() !== '') ?? ''
  return group !== undefined && id !== undefined && first.trim() === `QA output created by ${id}`
}

function readNotrun(head: string, block: TestBlock): WordedVerdict {
  const inline = head.slice('[not run]'.length).trim()
  const prefix = `\t${block.name} -- `
  const below = block.continuation.map((line) => (line.startsWith(prefix) ? line.slice(prefix.length) : line).trim())
  const message = [inline, ...below].filter(Boolean).join('\n')
  return { status: 'notrun', seconds: null, message: message === '' ? null : message, diff: null }
}

function readFailure(failures: readonly string[], block: TestBlock): Omit<WordedVerdict, 'seconds'> {
  const diff = readDiff(block.continuation)
  const hints = readHints(block.continuation)
  const message = [...new Set(failures)].join('; ')
  return { status: 'fail', message: hints === '' ? message : `${message}\n${hints}`, diff: diff === '' ? null : diff }
}

function readDiff(lines: readonly string[]): string {
  const start = lines.findIndex((line) => line.startsWith('    '))
  if (start < 0) return ''
  const taken: string[] = []
  for (const line of lines.slice(start)) {
    if (!line.startsWith('    ') && line !== '') break
    if (line.startsWith("    (Run '")) break
    taken.push(line.slice(4))
  }
  while (taken.at(-1) === '') taken.pop()
  return taken.join('\n')
}

/** The test's hints, at the end behind an empty line: `HINT: You _MAY_ be missing kernel fix:` or `be hit by a known issue on` (common/rc). */
function readHints(lines: readonly string[]): string {
  const start = lines.findIndex((line, index) => index > 0 && lines[index - 1] === '' && /^(?:HINT: )?You _?(?:MAY|HAVE)/i.test(line))
  if (start < 0) return ''
  return lines.slice(start).join('\n').trimEnd()
}
