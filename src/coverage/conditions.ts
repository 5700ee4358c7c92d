/** What is known of a condition from the text around it. */
export interface Guarded {
  /** Last line of the condition itself. */
  readonly conditionEnd: number
  /** Lines of what the condition guards, first and last. */
  readonly bodyStart: number
  readonly bodyEnd: number
}

/** Further lines a condition or its body may have. */
const MOST_LINES = 60

/**
 * What an `if` that begins in this line guards: a statement, or a block in braces. Null where the line begins none, or where what follows is
 * not understood (a macro that opens a brace, an `else`: what runs behind it then says nothing).
 * @param lines the whole file
 * @param line 1-based
 */
export function guardedBy(lines: readonly string[], line: number): Guarded | null {
  const first = lines[line - 1] ?? ''
  const begin = /^\s*(?:\}\s*else\s+)?if\s*\(/.exec(first)
  if (begin === null) return null
  const text = new Walker(lines, line - 1, begin[0].length - 1)
  if (!text.skipBalanced('(', ')')) return null
  const conditionEnd = text.line
  text.skipBlank()
  const bodyStart = text.at === '{' ? text.line + 1 : text.line
  const ended = text.at === '{' ? text.skipBalanced('{', '}') : text.skipStatement()
  if (!ended) return null
  const bodyEnd = text.line
  text.skipBlank()
  if (text.startsWith('else')) return null
  return { conditionEnd, bodyStart, bodyEnd }
}

/** Goes over C, passing over strings, characters and comments. */
class Walker {
  #column: number
  #line: number
  readonly #limit: number

  constructor(
    private readonly lines: readonly string[],
    line: number,
    column: number,
  ) {
    this.#line = line
    this.#column = column
    this.#limit = line + MOST_LINES
  }

  /** 1-based. */
  get line(): number {
    return this.#line + 1
  }

  get at(): string {
    return this.lines[this.#line]?.[this.#column] ?? ''
  }

  startsWith(word: string): boolean {
    // regexp: a word of ours, at the beginning
    return new RegExp(`^${word}\\b`).test((this.lines[this.#line] ?? '').slice(this.#column))
  }

  /** To behind what closes the bracket it stands on. False where nothing does. */
  skipBalanced(open: string, close: string): boolean {
    for (let depth = 0; this.#within(); this.#step()) {
      if (this.at === open) depth += 1
      if (this.at !== close) continue
      depth -= 1
      if (depth > 0) continue
      this.#column += 1
      return true
    }
    return false
  }

  /** To behind the semicolon of the statement it stands on. False where that is a statement of its own kind, with a body. */
  skipStatement(): boolean {
    if (/^(?:if|for|while|do|switch)\b/.test((this.lines[this.#line] ?? '').slice(this.#column))) return false
    while (this.#within()) {
      if (this.at === '{' || this.at === '}') return false
      if (this.at === ';') {
        this.#column += 1
        return true
      }
      // It ends behind the bracket, which may be where the semicolon stands.
      if (this.at !== '(') this.#step()
      else if (!this.skipBalanced('(', ')')) return false
    }
    return false
  }

  skipBlank(): void {
    while (this.#within()) {
      this.#skipComment()
      if (this.at !== '' && !/\s/.test(this.at)) return
      this.#step()
    }
  }

  #within(): boolean {
    return this.#line < this.lines.length && this.#line <= this.#limit
  }

  #step(): void {
    this.#skipText()
    this.#column += 1
    while (this.#column >= (this.lines[this.#line] ?? '').length && this.#within()) {
      this.#line += 1
      this.#column = 0
      if ((this.lines[this.#line] ?? '').length > 0) break
    }
    this.#skipComment()
  }

  #skipText(): void {
    const quote = this.at
    if (quote !== '"' && quote !== "'") return
    const text = this.lines[this.#line] ?? ''
    let at = this.#column + 1
    while (at < text.length && text[at] !== quote) at += text[at] === '\\' ? 2 : 1
    this.#column = at
  }

  #skipComment(): void {
    const text = this.lines[this.#line] ?? ''
    if (text.startsWith('//', this.#column)) {
      this.#column = text.length
      return
    }
    if (!text.startsWith('/*', this.#column)) return
    let from = this.#column + 2
    while (this.#within()) {
      const end = (this.lines[this.#line] ?? '').indexOf('*/', from)
      if (end >= 0) {
        this.#column = end + 2
        return
      }
      this.#line += 1
      from = 0
    }
  }
}
