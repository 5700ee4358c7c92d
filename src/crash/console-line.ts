import { skipStamps } from './line-stamp.js'

/** One console line, freed of everything that is not the kernel's own text. */
export interface ConsoleLine {
  /** The message, its leading white space kept: stack frames are told by it. */
  readonly text: string
  /**
   * Which stream of messages the line belongs to: the printing task (`T31`) or CPU (`C1`) where the kernel was built
   * with CONFIG_PRINTK_CALLER, `stamped` for a line with only a time stamp, empty for a bare line.
   */
  readonly context: string
  /** False where the stamp is of the first instant of a boot, or there is none: what is said before the kernel has a clock. */
  readonly late: boolean
}

/** Longer lines are cut: no kernel message is as long (LOG_LINE_MAX is under 1024 bytes), garbage can be. */
export const MAX_LINE_CHARS = 1024

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/
const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[=>78cDEHMNOZ])/g
const ALL_CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g
const DROPPED = /^\*\* \d{1,12} printk messages dropped \*\* /
/** A kernel line that begins in the middle of another: of one a program was printing, or of one another CPU was. In quotes it is neither. */
const EMBEDDED = /(?<!['"`=])(?:<\d{1,3}>)?\[ {0,12}\d{1,12}\.\d{6}\](?: ?\[ {0,8}[CT]\d{1,8}\])? /g

/**
 * Cleans one raw line of console output (without its line terminator), and takes apart what two CPUs printed on one.
 * Stamps of every form, log levels, host names and tags, carriage returns, NULs and terminal sequences go.
 */
export function readConsoleLines(raw: string): readonly ConsoleLine[] {
  let text = raw.length > MAX_LINE_CHARS ? raw.slice(0, MAX_LINE_CHARS) : raw
  if (CONTROL.test(text)) text = text.replace(ANSI, '').replace(ALL_CONTROL, '')
  if (text.startsWith('** ')) text = text.replace(DROPPED, '')
  const first = skipStamps(text)
  const start = first.end
  // One that has no stamp, or begins with one, may hold others.
  const inner = text.includes('[', start) ? embeddedStarts(text, start) : NONE
  if (inner.length === 0) return [lineAt(text, first, text.length)]
  const lines = start === 0 && inner[0] === 0 ? [] : [lineAt(text, first, inner[0] ?? text.length)]
  for (const [index, at] of inner.entries()) lines.push(lineAt(text, skipStamps(text, at), inner[index + 1] ?? text.length))
  return lines
}

const NONE: readonly number[] = []

function embeddedStarts(text: string, from: number): readonly number[] {
  const starts: number[] = []
  EMBEDDED.lastIndex = from
  for (let match = EMBEDDED.exec(text); match !== null; match = EMBEDDED.exec(text)) starts.push(match.index)
  return starts
}

const lineAt = (text: string, stamp: ReturnType<typeof skipStamps>, end: number): ConsoleLine => ({
  text: text.slice(stamp.end, end),
  context: stamp.caller ?? (stamp.isKernel ? 'stamped' : ''),
  late: stamp.late,
})
