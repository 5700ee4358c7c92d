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

/**
 * Reads the option declarations of one Kconfig file. An option declared twice appears twice.
 *
 * Simple on purpose: `source` is not followed, so blocks that a file is sourced from within are not seen, nor macros
 * (`$(cc-option,…)`). What it finds is true; what it does not find may still be so.
 * Source of the grammar: Documentation/kbuild/kconfig-language.rst.
 */
export function parseKconfigDeclarations(text: string): readonly KconfigDeclaration[] {
  const declarations: OpenDeclaration[] = []
  const blocks: Block[] = []
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
      blocks.pop()
      current = null
    } else if (keyword === 'depends') {
      const condition = rest.replace(/^on\s+/, '')
      ;(current?.dependsOn ?? blocks.at(-1)?.conditions)?.push(condition)
    } else if (keyword === 'prompt' || isTypeWithPrompt(keyword, rest)) {
      if (current !== null) current.hasPrompt = true
    } else if (keyword === 'source' || keyword === 'comment') {
      current = keyword === 'comment' ? { name: '', dependsOn: [], hasPrompt: false } : null
    }
  }
  return declarations
}

function isTypeWithPrompt(keyword: string, rest: string): boolean {
  return ['bool', 'tristate', 'string', 'int', 'hex'].includes(keyword) && /^["']/.test(rest)
}

function splitKeyword(line: string): readonly [string, string] {
  const match = /^([a-z_]+)\s*(.*)$/.exec(line)
  return [match?.[1] ?? '', match?.[2] ?? '']
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
    lines.push(line.replace(/\s+#.*$/, ''))
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
