import { closest, distance } from 'fastest-levenshtein'

/** What is longer is no name with a slip in it; comparing takes time with the product of both lengths. */
const LONGEST_WORD = 120

/** The nearest of some names, or null where none is near enough to be meant. */
export function nearest(word: string, names: readonly string[]): string | null {
  if (names.length === 0 || word.length > LONGEST_WORD) return null
  const found = closest(word, [...names])
  return distance(word, found) <= Math.max(2, Math.ceil(word.length * 0.4)) ? found : null
}

/** ` (did you mean \`NAME\`?)`, or nothing. */
export function didYouMean(word: string, names: readonly string[]): string {
  const found = nearest(word, names)
  return found === null ? '' : ` (did you mean \`${found}\`?)`
}

/** Names in a sentence, cut after a dozen. */
export function listNames(names: readonly string[]): string {
  const shown = names.slice(0, 12).map((name) => `\`${name}\``)
  const rest = names.length - shown.length
  return rest > 0 ? `${shown.join(', ')} and ${rest} more` : shown.join(', ')
}
