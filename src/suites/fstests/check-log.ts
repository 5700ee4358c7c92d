import type { TestName } from '../../domain/test.js'
import { classifyLine } from './output-line.js'

/** The last run check wrote into a check.log (it only ever appends). */
export interface CheckLog {
  readonly ran: ReadonlySet<TestName>
  readonly notrun: ReadonlySet<TestName>
  readonly failures: ReadonlySet<TestName>
  readonly interrupted: boolean
}

/** Reads the last block of a check.log; null where there is none. Blocks are parted by an empty line (`_wrapup` of check). */
export function readCheckLog(text: string): CheckLog | null {
  const block = text.split(/\n(?=\n)/).findLast((part) => part.trim() !== '')
  if (block === undefined) return null
  const lists = { ran: new Set<TestName>(), notrun: new Set<TestName>(), failures: new Set<TestName>() }
  let interrupted = false
  for (const text of block.split('\n')) {
    const line = classifyLine(text)
    if (line.kind === 'interrupted') interrupted = true
    if (line.kind === 'list') for (const name of line.names) lists[line.list].add(name)
  }
  return { ...lists, interrupted }
}
