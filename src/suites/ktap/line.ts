/** What a line of KTAP says. `depth` is how deep it is nested: 0 for the outermost document. */
export type KtapLine =
  | { readonly kind: 'version'; readonly depth: number }
  | { readonly kind: 'plan'; readonly depth: number; readonly count: number; readonly reason: string | null }
  | ({ readonly kind: 'result'; readonly depth: number } & ResultLine)
  | { readonly kind: 'bail-out'; readonly depth: number; readonly reason: string }
  | { readonly kind: 'totals'; readonly depth: number; readonly own: boolean; readonly counts: Readonly<Record<string, number>> }
  | { readonly kind: 'miscounted'; readonly depth: number; readonly planned: number; readonly seen: number }
  | { readonly kind: 'hidden-failure'; readonly depth: number; readonly text: string }

export interface ResultLine {
  readonly ok: boolean
  /** As printed; null where there is none. The position counts, not the number. */
  readonly number: number | null
  readonly name: string
  readonly directive: Directive | null
  /** What stands behind the directive; empty where nothing does. */
  readonly reason: string
  /** A further failed result on the same line, where a line break is missing; null where there is none. */
  readonly hidden: string | null
}

export type Directive = 'SKIP' | 'TODO' | 'XFAIL' | 'XPASS' | 'TIMEOUT' | 'ERROR'

/** Deeper than any real nesting; what is deeper is text. */
const DEEPEST = 32
/** Names and reasons are shortened to this many characters. */
const LONGEST = 500

/** printk's stamp, with a level before it and a caller behind it: `<6>[   12.345678][    T1] `. */
const STAMP = /^(?:<\d{1,2}>)?\[ {0,12}\d{1,12}\.\d{1,9}\](?:\[ {0,12}[TC]\d{1,12}\])? ?/
const VERSION = /^K?TAP version \d{1,4}$/
const PLAN = /^1\.\.(\d{1,15})(?:[ \t]+#([^\n]*))?$/
const RESULT = /^(ok|not ok)(?![^ \t])/
const NUMBER = /^[ \t]{1,8}(\d{1,9})(?![^ \t])/
/** The newest run_kselftest.sh counts twice: over all collections, then within one (`ok 5 2 selftests: timens: timer`). */
const SECOND_NUMBER = /^[ \t]{1,8}\d{1,9}(?= selftests: )/
const DIRECTIVE = /^[ \t]{0,8}(SKIP[a-z]{0,16}(?!\w)|(?:TODO|XFAIL)(?![\w-])|(?:XPASS|TIMEOUT|ERROR)(?!\w))[ \t:-]{0,8}/i
const BAIL_OUT = /^bail out!/i
/** kselftest.h's `# Totals: pass:1 fail:0 …`, KUnit's `# SUITE: pass:1 fail:0 …`. */
const TOTALS = /^(?:(Totals):[ \t]{1,8}(?=[a-z]{1,16}:\d)|[^ \t:]{1,200}: (?=pass:\d{1,15} fail:\d))/i
/** kselftest.h until 5.6, without the `# ` until 5.1. */
const OLD_TOTALS = /^(?:# )?Pass (\d{1,9}) Fail (\d{1,9}) Xfail (\d{1,9}) Xpass (\d{1,9}) Skip (\d{1,9}) Error (\d{1,9})[ \t]{0,8}$/
/** kselftest.h, where its plan and its own count differ. */
const MISCOUNTED = /^# Planned tests != run tests \((\d{1,9}) != (\d{1,9})\)/
const NOT_OK_INSIDE = /not ok \d/
/** A line that is one of failure, but for its indentation or its form: `  not ok - a`, `#not ok a`, `not ok: a`, `NOT OK 1`. */
const NOT_OK_AHEAD = /^[\s#]{0,64}not[ \t]{1,8}ok(?![a-z_])/i

/**
 * Reads one line, without its line break: null for text of any other kind. Prefixes are printk's stamp, `# ` as kselftest's runner puts it
 * before a test's own output, and four blanks as KUnit indents; each of the last two is one level.
 */
export function readKtapLine(line: string): KtapLine | null {
  let rest = line.replace(STAMP, '')
  let depth = 0
  let diagnostic = false
  for (; depth < DEEPEST; depth += 1) {
    diagnostic = rest.startsWith('# ')
    if (!diagnostic && !rest.startsWith('    ')) break
    const below = readText(rest, depth)
    if (below !== null) return below
    rest = rest.slice(diagnostic ? 2 : 4)
  }
  const read = readText(rest, depth)
  if (read !== null) return read
  // What was lost in a file leaves NUL bytes; they make nothing better.
  const visible = rest.replaceAll('\0', '')
  const hidden = NOT_OK_AHEAD.test(visible) ? shorten(visible.trim()) : hiddenFailure(visible)
  return hidden === null ? null : { kind: 'hidden-failure', depth, text: hidden }
}

/** What a line says whose prefix is taken off, but for the `# ` of a diagnostic. */
function readText(text: string, depth: number): KtapLine | null {
  switch (text.charCodeAt(0)) {
    case 0x4b: // KTAP
    case 0x54: // TAP
      return VERSION.test(text.trimEnd()) ? { kind: 'version', depth } : null
    case 0x31: // 1..N
      return readPlan(text.trimEnd(), depth)
    case 0x6f: // ok
    case 0x6e: // not ok
      return readResult(text, depth)
    case 0x42: // Bail out!
    case 0x62:
      return BAIL_OUT.test(text) ? { kind: 'bail-out', depth, reason: shorten(text.slice(9)) } : null
    case 0x50: // Pass
      return readOldTotals(text, depth)
    case 0x23: // #
      return readTotals(text, depth) ?? readOldTotals(text, depth) ?? readMiscounted(text, depth)
    default:
      return null
  }
}

function readPlan(text: string, depth: number): KtapLine | null {
  const match = PLAN.exec(text)
  if (match === null) return null
  const reason = (match[2] ?? '').trimStart().replace(DIRECTIVE, '')
  return { kind: 'plan', depth, count: Number(match[1]), reason: reason === '' ? null : shorten(reason) }
}

function readResult(text: string, depth: number): KtapLine | null {
  const word = RESULT.exec(text)?.[1]
  if (word === undefined) return null
  let rest = text.slice(word.length)
  const number = NUMBER.exec(rest)
  if (number !== null) {
    rest = rest.slice(number[0].length)
    rest = rest.replace(SECOND_NUMBER, '')
  }
  const printed = number === null ? null : Number(number[1])
  return { kind: 'result', depth, ok: word === 'ok', number: printed, ...splitDirective(rest, word), hidden: hiddenFailure(rest) }
}

/**
 * C tests of kselftest print a skipped sub-test's name behind the directive: `ok 12 # SKIP test_cgcore_lesser_ns_open`. A # that stands apart from
 * what is before it begins one; one that does not may be of a name (`http://host/#todo`), and is none where that would excuse a failure.
 */
function splitDirective(text: string, result: string): Pick<ResultLine, 'name' | 'directive' | 'reason'> {
  for (let at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + 1)) {
    const match = DIRECTIVE.exec(text.slice(at + 1, at + 64))
    if (match === null || text[at - 1] === '\\') continue
    const word = (match[1] ?? '').toUpperCase()
    const before = nameOf(text.slice(0, at))
    const behind = shorten(text.slice(at + 1 + match[0].length))
    const directive = word.startsWith('SKIP') ? 'SKIP' : (word as Directive)
    if (!isApart(text, at) && !(result === 'ok' && directive === 'SKIP')) continue
    return before === '' ? { name: behind, directive, reason: '' } : { name: before, directive, reason: behind }
  }
  return { name: nameOf(text), directive: null, reason: '' }
}

function isApart(text: string, at: number): boolean {
  return at === 0 || text[at - 1] === ' ' || text[at - 1] === '\t'
}

function nameOf(text: string): string {
  const trimmed = text.trim()
  return shorten(trimmed === '-' || trimmed.startsWith('- ') ? trimmed.slice(1) : trimmed)
}

function readTotals(text: string, depth: number): KtapLine | null {
  const subject = TOTALS.exec(text.slice(2))
  if (subject === null) return null
  const counts: Record<string, number> = {}
  for (const word of text.slice(2 + subject[0].length, 400).split(/[ \t\r]/)) {
    const [key = '', value = ''] = word.split(':')
    if (/^\d{1,15}$/.test(value)) counts[key] = Number(value)
  }
  return { kind: 'totals', depth, own: subject[1] !== undefined, counts }
}

function readOldTotals(text: string, depth: number): KtapLine | null {
  const match = OLD_TOTALS.exec(text)
  if (match === null) return null
  const [pass = 0, fail = 0, xfail = 0, xpass = 0, skip = 0, error = 0] = match.slice(1).map(Number)
  return { kind: 'totals', depth, own: true, counts: { pass, fail, xfail, xpass, skip, error } }
}

function readMiscounted(text: string, depth: number): KtapLine | null {
  const match = MISCOUNTED.exec(text)
  return match === null ? null : { kind: 'miscounted', depth, planned: Number(match[1]), seen: Number(match[2]) }
}

/** A result behind other text on its line is none: the plan then lacks one. Where it is a failure, it is one all the same. */
function hiddenFailure(text: string): string | null {
  const at = text.search(NOT_OK_INSIDE)
  return at < 0 ? null : shorten(text.slice(at))
}

/** Fit for a record: without control characters, and not longer than a person reads. */
export function shorten(text: string): string {
  const clean = text
    .slice(0, LONGEST * 2)
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '\ufffd')
    .trim()
  return clean.length > LONGEST ? `${clean.slice(0, LONGEST - 1)}…` : clean
}
