/**
 * Gives a compiler's symbol the name its source has: `_RNvMs3_NtCs…_11rust_binder7processNtB5_7Process10update_ref` is
 * `<rust_binder::process::Process>::update_ref`. Knows Rust's v0 scheme (RFC 2603) and the nested names that Rust's older
 * scheme and C++ share (`_ZN4core9panicking5panic17h…E`), and C++'s plain ones (`_Z9tank_fillii`). Crates' and types' hashes, and
 * parameters, are left out.
 * A symbol of another form is given back as it is.
 */
export function demangle(symbol: string): string {
  if (symbol.startsWith('_R')) return new RustSymbol(symbol).name() ?? symbol
  if (symbol.startsWith('_ZN')) return nestedName(symbol) ?? symbol
  if (symbol.startsWith('_Z')) return plainName(symbol) ?? symbol
  return symbol
}

const LENGTH = /\d{1,4}/y
const PLAIN = /^_ZL?(\d{1,4})(?=[A-Za-z_$])/
const RUST_HASH = /^h[0-9a-f]{16}$/

/** `_Z` length name, then the parameters' types; `_ZL` where its file alone sees it. */
function plainName(symbol: string): string | null {
  const found = PLAIN.exec(symbol)
  if (found === null) return null
  const length = Number(found[1])
  const name = symbol.slice(found[0].length, found[0].length + length)
  return name.length < length ? null : name
}

/** `_ZN` {length name} `E`. */
function nestedName(symbol: string): string | null {
  const parts: string[] = []
  let at = 3
  if (symbol[at] === 'K') at += 1
  while (symbol[at] !== 'E') {
    LENGTH.lastIndex = at
    const length = LENGTH.exec(symbol)?.[0]
    if (length === undefined) return null
    at += length.length
    const part = symbol.slice(at, at + Number(length))
    if (part.length < Number(length)) return null
    parts.push(part)
    at += part.length
  }
  const named = RUST_HASH.test(parts.at(-1) ?? '') ? parts.slice(0, -1) : parts
  return named.length === 0 ? null : named.join('::')
}

const BASIC_TYPES: Readonly<Record<string, string>> = {
  a: 'i8',
  b: 'bool',
  c: 'char',
  d: 'f64',
  e: 'str',
  f: 'f32',
  h: 'u8',
  i: 'isize',
  j: 'usize',
  l: 'i32',
  m: 'u32',
  n: 'i128',
  o: 'u128',
  p: '_',
  s: 'i16',
  t: 'u16',
  u: '()',
  v: '...',
  x: 'i64',
  y: 'u64',
  z: '!',
}
/** A back reference may lead to another: a crafted symbol could do so without end. */
const MAX_STEPS = 400
const MAX_NAME_CHARS = 300

class Unreadable extends Error {}

/** Reads one symbol of Rust's v0 scheme; each method reads one rule of its grammar and gives the text for it. */
class RustSymbol {
  private readonly text: string
  private at = 2
  private steps = 0

  constructor(text: string) {
    this.text = text
  }

  name(): string | null {
    try {
      this.take(/\d*/y)
      const name = this.path('value')
      return name.length > MAX_NAME_CHARS ? null : name
    } catch (error) {
      if (error instanceof Unreadable) return null
      throw error
    }
  }

  private take(pattern: RegExp): string {
    pattern.lastIndex = this.at
    const found = pattern.exec(this.text)?.[0]
    if (found === undefined) throw new Unreadable()
    this.at += found.length
    return found
  }

  private next(): string {
    this.steps += 1
    const char = this.text[this.at]
    if (char === undefined || this.steps > MAX_STEPS) throw new Unreadable()
    this.at += 1
    return char
  }

  private accept(char: string): boolean {
    if (this.text[this.at] !== char) return false
    this.at += 1
    return true
  }

  private base62(): number {
    const digits = this.take(/[0-9a-zA-Z]{0,14}_/y).slice(0, -1)
    if (digits === '') return 0
    const alphabet = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
    return [...digits].reduce((value, digit) => value * 62 + alphabet.indexOf(digit), 0) + 1
  }

  private disambiguator(): number {
    return this.accept('s') ? this.base62() + 1 : 0
  }

  private identifier(): { readonly name: string; readonly number: number } {
    const number = this.disambiguator()
    this.accept('u')
    const length = Number(this.take(/\d{1,4}/y))
    this.accept('_')
    const name = this.text.slice(this.at, this.at + length)
    if (name.length < length) throw new Unreadable()
    this.at += length
    return { name, number }
  }

  private path(place: 'value' | 'type'): string {
    switch (this.next()) {
      case 'C':
        return this.identifier().name
      case 'M':
        this.disambiguator()
        this.path('type')
        return `<${this.type()}>`
      case 'X': {
        this.disambiguator()
        this.path('type')
        return `<${this.type()} as ${this.path('type')}>`
      }
      case 'Y':
        return `<${this.type()} as ${this.path('type')}>`
      case 'N':
        return this.nested(place)
      case 'I': {
        const path = this.path(place)
        return `${path}${place === 'value' ? '::' : ''}<${this.list(() => this.genericArgument())}>`
      }
      case 'B':
        return this.back(() => this.path(place))
      default:
        throw new Unreadable()
    }
  }

  private nested(place: 'value' | 'type'): string {
    const namespace = this.next()
    const path = this.path(place)
    const { name, number } = this.identifier()
    if (namespace >= 'a') return `${path}::${name}`
    const word = namespace === 'C' ? 'closure' : namespace === 'S' ? 'shim' : namespace
    return `${path}::{${word}${name === '' ? '' : `:${name}`}#${number}}`
  }

  private list(item: () => string): string {
    const items: string[] = []
    while (!this.accept('E')) items.push(item())
    return items.join(', ')
  }

  private genericArgument(): string {
    if (this.accept('L')) return this.lifetime()
    return this.accept('K') ? this.constant() : this.type()
  }

  private lifetime(): string {
    return this.base62() === 0 ? "'_" : "'a"
  }

  private back(read: () => string): string {
    const target = this.base62() + 2
    const after = this.at
    if (target >= after) throw new Unreadable()
    this.at = target
    const found = read()
    this.at = after
    return found
  }

  private type(): string {
    const char = this.next()
    const basic = BASIC_TYPES[char]
    if (basic !== undefined) return basic
    switch (char) {
      case 'A':
        return `[${this.type()}; ${this.constant()}]`
      case 'S':
        return `[${this.type()}]`
      case 'T':
        return `(${this.list(() => this.type())})`
      case 'R':
      case 'Q': {
        if (this.accept('L')) this.lifetime()
        return `&${char === 'Q' ? 'mut ' : ''}${this.type()}`
      }
      case 'P':
        return `*const ${this.type()}`
      case 'O':
        return `*mut ${this.type()}`
      case 'F':
        return this.functionType()
      case 'D':
        return this.dynamicType()
      case 'B':
        return this.back(() => this.type())
      default:
        this.at -= 1
        return this.path('type')
    }
  }

  private functionType(): string {
    if (this.accept('G')) this.base62()
    this.accept('U')
    if (this.accept('K') && !this.accept('C')) this.identifier()
    const parameters = this.list(() => this.type())
    const result = this.type()
    return `fn(${parameters})${result === '()' ? '' : ` -> ${result}`}`
  }

  private dynamicType(): string {
    if (this.accept('G')) this.base62()
    const bounds: string[] = []
    while (!this.accept('E')) {
      let bound = this.path('type')
      while (this.accept('p')) bound += `<${this.identifier().name} = ${this.type()}>`
      bounds.push(bound)
    }
    if (this.accept('L')) this.lifetime()
    return `dyn ${bounds.join(' + ')}`
  }

  private constant(): string {
    if (this.accept('p')) return '_'
    if (this.accept('B')) return this.back(() => this.constant())
    this.type()
    const negative = this.accept('n')
    const digits = this.take(/[0-9a-f]{0,32}_/y).slice(0, -1)
    return `${negative ? '-' : ''}${digits === '' ? '0' : BigInt(`0x${digits}`).toString()}`
  }
}
