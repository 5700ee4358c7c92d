/** What stood before a line's own text. */
export interface LineStamp {
  /** Where the text begins. */
  readonly end: number
  /** `T31`, `C1` where the kernel says who printed (CONFIG_PRINTK_CALLER). */
  readonly caller: string | undefined
  /** Whether any of what was skipped is the kernel's own: a runner stamps what programs print too. */
  readonly isKernel: boolean
  /** Whether the kernel's own clock, where there is one, was past the first instant of a boot. */
  readonly late: boolean
}

/*
 * A line of a kernel log goes through many hands: the kernel's own stamp, dmesg's forms of it (-T -d -e -H -x,
 * --time-format=iso), the journal's (short, -full, -iso, -precise, -monotonic, -delta, -unix), syslog's, netconsole's, a
 * runner's. Not a list of these forms but their parts, which come in any order and number: a level, a time in brackets
 * or bare, a host with a tag, a record's numbers.
 */

/** `<6>`, as dmesg -r and netconsole print it; `<30>1 `, as syslog's protocol does. */
const LEVEL = /<\d{1,3}>(?:1 (?=\d{4}-))?/y
/** `[   12.345678]`, `[12.345678 <    0.000001>]`, `[  +0.000012]`, `[<    0.000012>]`, the caller behind it. Two CPUs' times may go back. */
const UPTIME =
  /\[(?: {0,12}[+-]?(\d{1,12}\.\d{1,9}))?(?: ?< {0,12}-?\d{1,12}\.\d{1,9} {0,2}>)?(?: {0,3}\](?: ?\[ {0,8}([CT]\d{1,8})\])?| {1,3}([CT]\d{1,8})\]) ?/y
const DAY = '(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?'
const MONTH = '(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)'
const CLOCK = '\\d{1,2}:\\d\\d(?::\\d\\d(?:[.,]\\d{1,9})?)?'
const ISO = `(?:\\d{4}-\\d\\d-\\d\\d[T ]|\\d{4}/\\d\\d/\\d\\d )${CLOCK}`
const ZONE = '(?: ?(?:Z|UTC|[A-Z]{1,4}T|[+-]\\d\\d(?::?\\d\\d)?))?'
const DATE = `${DAY}(?:${ISO}${ZONE}|${MONTH} {1,2}\\d{1,2} (?:\\d{4} )?${CLOCK}(?: \\d{4})?${ZONE}(?: \\d{4})?)`
/** `Fri Jan  2 03:04:05 2026`, `Jan 2 03:04`, `Nov29 23:26`, in whatever language: dmesg has the locale's words. */
const WORD = '[^\\s\\d[\\]]{1,12}'
const LOCAL_DATE = `(?:${WORD} {1,3}){0,2}?${WORD} {0,2}\\d{1,2} ${CLOCK}(?: \\d{4})?`
/** These, and `[03:04:05.123]`, `[2026-01-02T03:04:05Z]`. */
const DATE_IN_BRACKETS = new RegExp(
  `\\[ {0,3}(?:${DATE}|${LOCAL_DATE}|${CLOCK})(?: {0,2}< {0,12}-?\\d{1,12}\\.\\d{1,9} {0,2}>)? {0,3}\\] ?`,
  'y',
)
const BARE_DATE = new RegExp(`${DATE} `, 'y')
/** `03:04:05.123| `, as the VM runner puts it before each line it records, `03:04:05 `, `1767323045.100001 `. */
const BARE_CLOCK = /(?:\d\d:\d\d:\d\d\.\d{3}(?:\| ?| )|\d\d:\d\d:\d\d |\d{9,12}\.\d{3,9} )/y
/** `00044 `: seconds since ktest began, at the very start of a line. */
const KTEST_SECONDS = /\d{5} (?!\d)/y
/** `kern  :err   : `, as dmesg -x. */
const FACILITY =
  /(?:kern|user|mail|daemon|auth|syslog|lpr|news|uucp|cron|authpriv|ftp|local[0-7]) {0,8}:(?:emerg|alert|crit|err|warn|notice|info|debug) {0,4}: ?/y
/** `host kernel: `, `host kern.warn kernel: `, `kernel: `; syslog's newer protocol: `host kernel - - - `. */
const TAG = /(?:[\w.:-]{1,80} )?(?:\w{3,8}\.\w{3,8} )?kernel(?:\[\d{1,8}\])?(?:: ?| - - - ?)/iy
/** A host alone, where a kernel's own stamp or record follows. */
const HOST = /[\w.:-]{1,80}:? (?=(?:<\d{1,3}>)?\[ {0,12}\d{1,12}\.\d{1,9}\]|\d{1,3},\d{1,12},\d{1,18},)/y
/** `3,1701,1531100001,-;`, as /dev/kmsg and netconsole's extended form give a record; the release may come first. */
const RECORD = /(?:\d[\w.+-]{0,60},)?\d{1,3},\d{1,12},(\d{1,18}),[-c+](?:,caller=([CT]\d{1,8}))?(?:,[\w=/]{1,40}){0,4};/y

const MAX_PARTS = 8

/** Skips all that stands before a line's own text. */
export function skipStamps(text: string, from = 0): LineStamp {
  const state = { at: from, caller: undefined as string | undefined, isKernel: false, late: undefined as boolean | undefined, dated: false }
  for (let part = 0; part < MAX_PARTS; part += 1) if (!skipPart(text, state)) break
  return { end: state.at, caller: state.caller, isKernel: state.isKernel, late: state.late ?? state.isKernel }
}

interface State {
  at: number
  caller: string | undefined
  isKernel: boolean
  /** By the kernel's own clock, where that is there. */
  late: boolean | undefined
  /** A time came: a host and a tag may follow. */
  dated: boolean
}

function skipPart(text: string, state: State): boolean {
  const first = text.charCodeAt(state.at)
  if (first === OPEN_BRACKET) return uptime(text, state) || dated(DATE_IN_BRACKETS, text, state)
  if (first === OPEN_ANGLE) return sticky(LEVEL, text, state) !== null
  if (first >= ZERO && first <= NINE) {
    if (record(text, state) || dated(BARE_DATE, text, state) || dated(BARE_CLOCK, text, state)) return true
    return state.dated ? tag(text, state) : dated(KTEST_SECONDS, text, state)
  }
  if (first < CAPITAL_A) return false
  if (first === SMALL_K && tag(text, state)) return true
  if (state.dated && tag(text, state)) return true
  // A date begins with a month or a day, `dmesg -x` with a facility: `BUG: ` and `RIP: ` begin neither.
  if (first < SMALL_A) return text.charCodeAt(state.at + 1) >= SMALL_A && dated(BARE_DATE, text, state)
  return text.includes(':', state.at) && sticky(FACILITY, text, state) !== null
}

const OPEN_BRACKET = 0x5b
const OPEN_ANGLE = 0x3c
const ZERO = 0x30
const NINE = 0x39
const CAPITAL_A = 0x41
const SMALL_A = 0x61
const SMALL_K = 0x6b

function sticky(pattern: RegExp, text: string, state: State): RegExpExecArray | null {
  pattern.lastIndex = state.at
  const match = pattern.exec(text)
  if (match !== null) state.at = pattern.lastIndex
  return match
}

function uptime(text: string, state: State): boolean {
  const match = sticky(UPTIME, text, state)
  if (match === null) return false
  // `[ ]` has the shape and is no time.
  if (match[1] === undefined && !match[0].includes('<')) {
    state.at -= match[0].length
    return false
  }
  state.caller = match[2] ?? match[3] ?? state.caller
  state.isKernel = true
  state.dated = true
  if (match[1] !== undefined) state.late = !FIRST_INSTANT.test(match[1])
  return true
}

const FIRST_INSTANT = /^0+\.0+$/

function dated(pattern: RegExp, text: string, state: State): boolean {
  const match = sticky(pattern, text, state)
  if (match === null) return false
  // dmesg's own forms: in brackets, or with a comma before the fraction.
  if (pattern === DATE_IN_BRACKETS || match[0].includes(',')) state.isKernel = true
  state.dated = true
  return true
}

function record(text: string, state: State): boolean {
  const match = sticky(RECORD, text, state)
  if (match === null) return false
  state.isKernel = true
  state.late = match[1] !== '0'
  state.caller = match[2] ?? state.caller
  return true
}

function tag(text: string, state: State): boolean {
  const named = text.includes('ernel', state.at) || text.includes('ERNEL', state.at)
  if (named && sticky(TAG, text, state) !== null) {
    state.isKernel = true
    return true
  }
  return state.dated && (text.includes('[', state.at) || text.includes(',', state.at)) && sticky(HOST, text, state) !== null
}
