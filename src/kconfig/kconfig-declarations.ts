/** What Kconfig files say an option depends on. */
export interface KconfigDeclaration {
  readonly name: string
  /** Expressions that all have to hold: `depends on` lines, and the `if` and `menu` blocks around the option. */
  readonly dependsOn: readonly string[]
  /** False for an option without a prompt: it cannot be asked for, other options select it. */
  readonly hasPrompt: boolean
}

interface Block {
  readonly kind: 'if' | 'menu' | 'choice'
  readonly conditions: string[]
}

interface OpenDeclaration {
  readonly name: string
  readonly dependsOn: string[]
  hasPrompt: boolean
}

/** A `source` line: another Kconfig file and what has to hold for all that it declares. */
export interface KconfigSource {
  /** As written, relative to the tree's top; macros such as `$(SRCARCH)` in it. */
  readonly path: string
  readonly conditions: readonly string[]
}

/** The option declarations of one Kconfig file alone, `source` lines not followed. An option declared twice appears twice. */
export function parseKconfigDeclarations(text: string): readonly KconfigDeclaration[] {
  return parseKconfig(text, []).declarations
}

/**
 * Reads one Kconfig file: what it declares and which files it sources. Macros (`$(cc-option,…)`) are not evaluated: what it
 * finds is true; what it does not find may still be so.
 * Source of the grammar: Documentation/kbuild/kconfig-language.rst.
 * @param conditions of the blocks this file is sourced from within
 */
export function parseKconfig(
  text: string,
  conditions: readonly string[],
): { readonly declarations: readonly KconfigDeclaration[]; readonly sources: readonly KconfigSource[] } {
  const declarations: OpenDeclaration[] = []
  const sources: KconfigSource[] = []
  const blocks: Block[] = [{ kind: 'if', conditions: [...conditions] }]
  let current: OpenDeclaration | null = null
  for (const line of logicalLines(text)) {
    const [keyword = '', rest = ''] = splitKeyword(line)
    if (keyword === 'config' || keyword === 'menuconfig') {
      current = { name: `CONFIG_${rest}`, dependsOn: blocks.flatMap((block) => block.conditions), hasPrompt: false }
      declarations.push(current)
    } else if (keyword === 'if' || keyword === 'menu' || keyword === 'choice') {
      blocks.push({ kind: keyword, conditions: keyword === 'if' ? [rest] : [] })
      current = null
    } else if (keyword === 'endif' || keyword === 'endmenu' || keyword === 'endchoice') {
      if (blocks.length > 1) blocks.pop()
      current = null
    } else if (keyword === 'depends') {
      const condition = rest.replace(/^on\s+/, '')
      ;(current?.dependsOn ?? blocks.at(-1)?.conditions)?.push(condition)
    } else if (keyword === 'prompt' || isTypeWithPrompt(keyword, rest)) {
      if (current !== null) current.hasPrompt = true
    } else if (keyword === 'source') {
      sources.push({ path: rest.replace(/^"|"$/g, ''), conditions: blocks.flatMap((block) => block.conditions) })
      current = null
    } else if (keyword === 'comment') {
      current = { name: '', dependsOn: [], hasPrompt: false }
    }
  }
  return { declarations, sources }
}

function isTypeWithPrompt(keyword: string, rest: string): boolean {
  return ['bool', 'tristate', 'string', 'int', 'hex'].includes(keyword) && /^["']/.test(rest)
}

function splitKeyword(line: string): readonly [string, string] {
  const keyword = /^[a-z_]+/.exec(line)?.[0] ?? ''
  return [keyword, keyword === '' ? '' : line.slice(keyword.length).trimStart()]
}

/** Trimmed lines without comments and help texts, continuation lines joined. A help text is what is indented more than its keyword's text. */
function logicalLines(text: string): readonly string[] {
  const lines: string[] = []
  let helpIndent: number | null = null
  let inHelp = false
  for (const raw of text.replace(/\\\n/g, ' ').split('\n')) {
    const line = raw.trim()
    if (line === '') continue
    const indent = indentOf(raw)
    if (inHelp) {
      helpIndent ??= indent
      if (indent >= helpIndent && indent > 0) continue
      inHelp = false
    }
    if (line.startsWith('#')) continue
    if (line === 'help' || line === '---help---') {
      inHelp = true
      helpIndent = null
      continue
    }
    lines.push((line.split(/\s#/, 1)[0] ?? '').trimEnd())
  }
  return lines
}

/** Columns of leading white space, tabs to multiples of eight, as Kconfig's lexer counts. */
function indentOf(line: string): number {
  let columns = 0
  for (const character of line) {
    if (character === '\t') columns += 8 - (columns % 8)
    else if (character === ' ') columns += 1
    else break
  }
  return columns
}
