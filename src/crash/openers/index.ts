import type { ConsoleLine } from '../console-line.js'
import type { Opener } from '../opener.js'
import { faultOpeners } from './faults.js'
import { filesystemOpeners } from './filesystems.js'
import { lockOpeners } from './locks.js'
import { memoryOpeners } from './memory.js'
import { stallOpeners } from './stalls.js'
import { unknownOpeners, warningOpeners } from './warnings.js'

/** Every sort of report, the particular before the general: the first that matches a line is it. */
export const OPENERS: readonly Opener[] = [
  ...memoryOpeners,
  ...faultOpeners,
  ...lockOpeners,
  ...stallOpeners,
  ...filesystemOpeners,
  ...warningOpeners,
  ...unknownOpeners,
]

/** Escapes a literal for use inside a regular expression. */
const literally = (literal: string): string => literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
const hintScan = (openers: readonly Opener[]): RegExp =>
  new RegExp([...new Set(openers.map((opener) => opener.hint))].map(literally).join('|'))

/** What opened, and the groups its pattern found. */
export interface Opening {
  readonly opener: Opener
  readonly match: RegExpExecArray
}

/** A matcher over a list of openers; null for a line that opens nothing. */
export function openingMatcher(openers: readonly Opener[]): (line: ConsoleLine) => Opening | null {
  const scan = hintScan(openers)
  const hints = [...new Set(openers.map((opener) => opener.hint))]
  const numbered = openers.map((opener) => ({ opener, hint: hints.indexOf(opener.hint) }))
  return ({ text, context }) => {
    if (!scan.test(text)) return null
    const present = hints.map((hint) => text.includes(hint))
    for (const { opener, hint } of numbered) {
      if (present[hint] !== true || (opener.stampedOnly === true && context === '')) continue
      const match = opener.pattern.exec(text)
      if (match !== null && opener.unless?.test(text) !== true) return { opener, match }
    }
    return null
  }
}
