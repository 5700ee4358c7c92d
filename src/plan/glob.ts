/** True where a word has shell pattern characters. */
export function isGlob(word: string): boolean {
  return /[*?[]/.test(word)
}

/** One place of a pattern: a set of characters, any, or any number of any. */
type Token = { readonly kind: 'text'; readonly char: string } | { readonly kind: 'any' } | { readonly kind: 'star' } | CharacterSet
interface CharacterSet {
  readonly kind: 'set'
  readonly negated: boolean
  /** First and last of each range; single characters are both. */
  readonly ranges: readonly (readonly [first: string, last: string])[]
}

/**
 * A shell pattern (`xfs/00?`, `*fs/001`): `*` and `?` stop at a slash, `[…]` is a set.
 * An unclosed `[` stands for itself, as in the shell; a set whose range runs backwards matches nothing. Takes time with the product
 * of both lengths at most, whatever either holds: no pattern and no name can hold a run.
 */
export function globMatcher(pattern: string): (text: string) => boolean {
  const segments = pattern.split('/').map(tokensOf)
  return (text) => {
    const parts = text.split('/')
    return parts.length === segments.length && parts.every((part, index) => matches(segments[index] ?? [], part))
  }
}

/** A run of stars is one. */
function tokensOf(segment: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  // Looked for once: many an open bracket must not each look through the rest.
  const lastClose = segment.lastIndexOf(']')
  while (at < segment.length) {
    const char = segment[at] ?? ''
    const end = char === '[' ? setEnd(segment, at, lastClose) : -1
    if (end !== -1) tokens.push(readSet(segment.slice(at + 1, end)))
    else if (char === '?') tokens.push({ kind: 'any' })
    else if (char !== '*') tokens.push({ kind: 'text', char })
    else if (tokens.at(-1)?.kind !== 'star') tokens.push({ kind: 'star' })
    at = end === -1 ? at + 1 : end + 1
  }
  return tokens
}

/** Where a set that opens here closes; -1 where it does not. A bracket that stands first is a member. */
function setEnd(segment: string, open: number, lastClose: number): number {
  const negated = segment[open + 1] === '!' || segment[open + 1] === '^'
  const first = open + (negated ? 2 : 1)
  if (first >= lastClose) return -1
  return segment.indexOf(']', first + 1)
}

function readSet(text: string): CharacterSet {
  const negated = text.startsWith('!') || text.startsWith('^')
  const members = negated ? text.slice(1) : text
  const ranges: (readonly [string, string])[] = []
  for (let at = 0; at < members.length; at += 1) {
    const first = members[at] ?? ''
    const isRange = members[at + 1] === '-' && at + 2 < members.length
    ranges.push([first, isRange ? (members[at + 2] ?? '') : first])
    if (isRange) at += 2
  }
  return { kind: 'set', negated, ranges }
}

function matchesOne(token: Token, char: string): boolean {
  switch (token.kind) {
    case 'text':
      return token.char === char
    case 'any':
    case 'star':
      return true
    case 'set':
      // One that runs backwards spoils the set: it is no set to the shell either.
      if (token.ranges.some(([first, last]) => first > last)) return false
      return token.ranges.some(([first, last]) => char >= first && char <= last) !== token.negated
  }
}

/** The last star met takes one character more whenever what follows it does not fit: no other need be tried again. */
function matches(tokens: readonly Token[], text: string): boolean {
  let at = 0
  let token = 0
  let star = -1
  let taken = 0
  while (at < text.length) {
    const next = tokens[token]
    if (next?.kind === 'star') {
      star = token
      taken = at
      token += 1
    } else if (next !== undefined && matchesOne(next, text[at] ?? '')) {
      token += 1
      at += 1
    } else if (star !== -1) {
      token = star + 1
      taken += 1
      at = taken
    } else return false
  }
  while (tokens[token]?.kind === 'star') token += 1
  return token === tokens.length
}

/** True where a name is the word, or one of those the glob takes. */
export function matchesAny(pattern: string, names: readonly string[]): boolean {
  if (!isGlob(pattern)) return names.includes(pattern)
  const matches = globMatcher(pattern)
  return names.some(matches)
}
