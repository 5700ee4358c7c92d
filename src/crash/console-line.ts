/** One console line, freed of everything that is not the kernel's own text. */
export interface ConsoleLine {
  /** The message, its leading white space kept: stack frames are told by it. */
  readonly text: string
  /**
   * Which stream of messages the line belongs to: the printing task (`T31`) or CPU (`C1`) where the kernel was built
   * with CONFIG_PRINTK_CALLER, `stamped` for a line with only a time stamp, empty for a bare line.
   */
  readonly context: string
}

/** Longer lines are cut: no kernel message is as long (LOG_LINE_MAX is under 1024 bytes), garbage can be. */
export const MAX_LINE_CHARS = 1024

/** What the VM runner puts before each line it records. */
const HOST_PREFIX = /^\d\d:\d\d:\d\d\.\d{3}\| ?/
/** `Nov 24 08:17:40 host kernel: `, as syslog and the journal print the kernel's lines. */
const SYSLOG_PREFIX = /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\S+) \S+ kernel: /
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/
const ANSI = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[=>78cDEHMNOZ])/g
const ALL_CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f]/g
const DROPPED = /^\*\* \d+ printk messages dropped \*\* /
const STAMP = /^(?:<\d{1,3}>)?\[ *\d+\.\d+\](?: ?\[ *([CT]\d+)\])? ?/
const LEVEL = /^<\d{1,3}>/
/** A kernel line that begins in the middle of one a program was printing: a login prompt, a progress line. */
const EMBEDDED_STAMP = /(?:<\d{1,3}>)?\[ *\d+\.\d{6}\](?: ?\[ *([CT]\d+)\])? /

/**
 * Cleans one raw line of console output (without its line terminator).
 * Host time, log level, kernel time stamp, caller tag, carriage returns, NULs and terminal sequences go.
 */
export function readConsoleLine(raw: string): ConsoleLine {
  let text = raw.length > MAX_LINE_CHARS ? raw.slice(0, MAX_LINE_CHARS) : raw
  if (CONTROL.test(text)) text = text.replace(ANSI, '').replace(ALL_CONTROL, '')
  const first = text.charCodeAt(0)
  if (first >= 0x30 && first <= 0x39) text = text.replace(HOST_PREFIX, '')
  if (text.startsWith('** ')) text = text.replace(DROPPED, '')
  const stamp = STAMP.exec(text)
  if (stamp !== null) return { text: text.slice(stamp[0].length), context: stamp[1] ?? 'stamped' }
  return readUnstamped(text)
}

function readUnstamped(text: string): ConsoleLine {
  if (text.includes('[')) {
    const embedded = EMBEDDED_STAMP.exec(text)
    if (embedded !== null) return { text: text.slice(embedded.index + embedded[0].length), context: embedded[1] ?? 'stamped' }
  }
  if (text.includes(' kernel: ') && SYSLOG_PREFIX.test(text)) return readConsoleLine(text.replace(SYSLOG_PREFIX, ''))
  return { text: text.startsWith('<') ? text.replace(LEVEL, '') : text, context: '' }
}
