import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { createProgram } from '../../src/cli/cli.js'
import type { CliContext } from '../../src/cli/context.js'
import { rawInputs } from '../../src/cli/options.js'
import { parseInputs } from '../../src/inputs/parse.js'

/** One `vmtest …` of a page: its words without `vmtest`. */
export interface DocumentedCommand {
  readonly page: string
  readonly line: number
  readonly words: readonly string[]
}

/** README.md and every page below docs/, by their paths below the repository. */
export function pages(root: string): readonly string[] {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.md'))
  return ['README.md', ...below.map((name) => `docs/${name}`).sort()]
}

/** Every `vmtest` command in a page's shell blocks, and those in running text that hold no placeholder. */
export function commandsOf(root: string, page: string): readonly DocumentedCommand[] {
  return commandsIn(readFileSync(join(root, page), 'utf8'), page)
}

export function commandsIn(text: string, page: string): readonly DocumentedCommand[] {
  const found: DocumentedCommand[] = []
  let language: string | null = null
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(\S*)/.exec(line)
    if (fence !== null) language = language === null ? (fence[1] ?? '') : null
    else if (language !== null) {
      if (['sh', 'console', ''].includes(language)) for (const words of vmtestCommands(line)) found.push({ page, line: index + 1, words })
    } else
      for (const [, code = ''] of line.matchAll(/`(vmtest [^`]*)`/g))
        if (!/…|\b[A-Z]{3,}\b/.test(code))
          for (const words of vmtestCommands(code)) {
            // In a sentence `vmtest report` is the command's name.
            found.push({ page, line: index + 1, words: words.length === 1 ? [...words, '--help'] : words })
          }
  }
  return found
}

/** The commands of one shell line that are ours, also inside `$(…)`. */
function vmtestCommands(line: string): readonly (readonly string[])[] {
  const simple = line.replace(/^\s*\$ /, '').split(/\|\||&&|[|;]|\$\(/)
  return simple.flatMap((command) => {
    const words = shellWords(command.replace(/^\s*(?:eval\s+)?"?/, '').replace(/\)"?\s*$/, ''))
    return words[0] === 'vmtest' || words[0] === './vmtest' ? [words.slice(1)] : []
  })
}

/** Words of a simple command, quotes taken off, up to a comment or where its output goes. */
function shellWords(command: string): readonly string[] {
  const words: string[] = []
  for (const [word] of command.matchAll(/#.*$|(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (word.startsWith('#') || word === '>') break
    words.push(word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'))
  }
  return words
}

/** Held against the real program and the real parser of inputs, carried out by nobody. @returns what is wrong, or null */
export async function problemOf(words: readonly string[]): Promise<string | null> {
  let said = ''
  const write = (text: string) => {
    said += text
  }
  const stream = { isTerminal: false, columns: 80, write }
  const context = { toolVersion: '0', stdout: stream, stderr: stream } as unknown as CliContext
  const program = createProgram(context, () => undefined)
  for (const command of program.commands) {
    // A command of commands (`config`) keeps what it says of a missing one.
    if (command.commands.length === 0) command.action((...args: unknown[]) => readInputs(command, args))
    for (const below of command.commands) below.action(() => undefined)
  }
  try {
    await program.parseAsync([...words], { from: 'user' })
    return null
  } catch (error) {
    const helpAsked = error instanceof Error && 'exitCode' in error && error.exitCode === 0
    return helpAsked ? null : `${said}${error instanceof Error ? error.message : error}`
  }
}

function readInputs(command: Command, args: readonly unknown[]): void {
  if (!['run', 'list', 'shell'].includes(command.name())) return
  const tests = Array.isArray(args[0]) ? (args[0] as string[]) : []
  parseInputs('cli', rawInputs(command.opts(), tests))
}
