import type { SuiteName } from '../domain/test.js'

/** The suite a word is bound to by `SUITE:WORD`, where there is such a suite. */
export function boundTo(word: string, known: readonly SuiteName[]): { readonly suite: SuiteName; readonly word: string } | null {
  const at = word.indexOf(':')
  const suite = word.slice(0, Math.max(0, at))
  return known.includes(suite) ? { suite, word: word.slice(at + 1) } : null
}
