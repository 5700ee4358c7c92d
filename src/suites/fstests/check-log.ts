import type { TestName } from '../../domain/test.js'
import { classifyLine, type Total } from './output-line.js'

/** One summary that check wrote into a check.log (it only ever appends). */
export interface CheckLog {
  /** When it was written, by the guest's clock and time zone, as `2026-11-23T09:50:18`; null where `date` printed another form. */
  readonly writtenAt: string | null
  readonly total: Total | null
  readonly ran: ReadonlySet<TestName>
  readonly notrun: ReadonlySet<TestName>
  readonly failures: ReadonlySet<TestName>
  readonly interrupted: boolean
}

/** Reads the blocks of a check.log, oldest first. They are parted by an empty line (`_wrapup` of check). */
export function readCheckLog(text: string): readonly CheckLog[] {
  return text
    .split(/\n(?=\n)/)
    .filter((part) => part.trim() !== '')
    .map(readLogBlock)
}

function readLogBlock(block: string): CheckLog {
  const lists = { ran: new Set<TestName>(), notrun: new Set<TestName>(), failures: new Set<TestName>() }
  let interrupted = false
  let total: Total | null = null
  let writtenAt: string | null = null
  for (const text of block.split('\n')) {
    const line = classifyLine(text)
    if (line.kind === 'interrupted') interrupted = true
    if (line.kind === 'total') total = line.total
    if (line.kind === 'list') for (const name of line.names) lists[line.list].add(name)
    if (line.kind === 'text') writtenAt ??= readDate(text)
  }
  return { ...lists, interrupted, total, writtenAt }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** What `date` prints in the C locale: `Mon Nov 23 09:50:18 UTC 2026`. */
function readDate(text: string): string | null {
  const match = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d:\d\d:\d\d) \S{1,10} (\d{4})$/.exec(text)
  const month = months.indexOf(match?.[1] ?? '') + 1
  return match === null || month === 0 ? null : `${match[4]}-${String(month).padStart(2, '0')}-${match[2]?.padStart(2, '0')}T${match[3]}`
}
