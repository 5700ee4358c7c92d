/** True where a word has shell pattern characters. */
export function isGlob(word: string): boolean {
  return /[*?[]/.test(word)
}

/**
 * A shell pattern (`xfs/00?`, `*fs/001`): `*` and `?` stop at a slash, `[…]` is a set.
 * An unclosed `[` stands for itself, as in the shell.
 */
export function globToRegExp(pattern: string): RegExp {
  let source = ''
  for (let index = 0; index < pattern.length; index += 1) {
    const char = pattern[index] ?? ''
    const set = char === '[' ? /^\[([!^]?)(\]?[^\]/]*)\]/.exec(pattern.slice(index)) : null
    if (char === '*') source += '[^/]*'
    else if (char === '?') source += '[^/]'
    else if (set === null) source += char.replace(/[\\^$.*+?()[\]{}|]/, '\\$&')
    else {
      source += `[${set[1] === '' ? '' : '^'}${(set[2] ?? '').replace(/[\\\]^]/g, '\\$&')}]`
      index += set[0].length - 1
    }
  }
  try {
    return new RegExp(`^${source}$`)
  } catch {
    // A set such as `[9-0]` is no range to the shell either: it matches nothing.
    return /(?!)/
  }
}
