import { type KernelConfig, optionValue } from './dot-config.js'

/** A tristate: 0 is `n`, 1 is `m`, 2 is `y`. */
type Tristate = 0 | 1 | 2

/** The parts of a conjunction that do not hold in a configuration: of `A && (B || C)` perhaps `(B || C)`. Unreadable parts are left out. */
export function unmetConjuncts(expression: string, config: KernelConfig): readonly string[] {
  return splitConjunction(expression).filter((part) => evaluate(part, config) === 0)
}

/** Splits at `&&` outside parentheses. */
function splitConjunction(expression: string): readonly string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let at = 0; at < expression.length; at++) {
    if (expression[at] === '(') depth++
    else if (expression[at] === ')') depth--
    else if (depth === 0 && expression.startsWith('&&', at)) {
      parts.push(expression.slice(start, at).trim())
      start = at + 2
    } else if (depth === 0 && expression.startsWith('||', at)) return [expression.trim()]
  }
  parts.push(expression.slice(start).trim())
  return parts.filter((part) => part !== '')
}

/** The value of a Kconfig expression, or null where it holds something we do not read (a macro, a comparison of sizes). */
export function evaluate(expression: string, config: KernelConfig): Tristate | null {
  const tokens = expression.match(/&&|\|\||!=|=|!|\(|\)|"[^"]*"|[A-Za-z0-9_]+|\S/g) ?? []
  const reader = new ExpressionReader(tokens, config)
  const value = reader.disjunction()
  return reader.atEnd() ? value : null
}

/** Recursive descent over `||`, `&&`, `!`, comparison and parentheses. Null, once met, stays. */
class ExpressionReader {
  private at = 0

  constructor(
    private readonly tokens: readonly string[],
    private readonly config: KernelConfig,
  ) {}

  atEnd(): boolean {
    return this.at === this.tokens.length
  }

  disjunction(): Tristate | null {
    let value = this.conjunction()
    while (this.take('||')) value = combine(value, this.conjunction(), Math.max)
    return value
  }

  private conjunction(): Tristate | null {
    let value = this.term()
    while (this.take('&&')) value = combine(value, this.term(), Math.min)
    return value
  }

  private term(): Tristate | null {
    if (this.take('!')) return combine(this.term(), 2, (value, all) => all - value)
    if (this.take('(')) {
      const value = this.disjunction()
      return this.take(')') ? value : null
    }
    const left = this.symbol()
    if (left === null) return null
    if (this.take('=')) return this.compare(left, (right) => left === right)
    if (this.take('!=')) return this.compare(left, (right) => left !== right)
    return left === 'y' ? 2 : left === 'm' ? 1 : 0
  }

  private compare(left: string, holds: (right: string) => boolean): Tristate | null {
    const right = this.symbol()
    return right === null || left === '' ? null : holds(right) ? 2 : 0
  }

  /** The value of a symbol, or the constant itself. */
  private symbol(): string | null {
    const token = this.tokens[this.at]
    if (token === undefined || !/^["A-Za-z0-9_]/.test(token)) return null
    this.at++
    if (token.startsWith('"')) return token.slice(1, -1)
    if (/^([ymn]|\d+)$/.test(token)) return token
    return optionValue(this.config, `CONFIG_${token}`)
  }

  private take(token: string): boolean {
    if (this.tokens[this.at] !== token) return false
    this.at++
    return true
  }
}

function combine(left: Tristate | null, right: Tristate | null, how: (a: number, b: number) => number): Tristate | null {
  return left === null || right === null ? null : (how(left, right) as Tristate)
}
