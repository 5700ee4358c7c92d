import type { Annotation } from '../domain/stages.js'

/** One error or warning of a compiler, linker or of Kconfig, with the notes that belong to it. */
export interface CompilerMessage {
  readonly level: 'error' | 'warning'
  /** As printed, without the build directory: `fs/xfs/xfs_inode.c`. Null where the tool names no file. */
  readonly file: string | null
  readonly line: number | null
  readonly column: number | null
  readonly text: string
  /** The source line and the caret below it, as printed; empty where the tool shows none. */
  readonly excerpt: readonly string[]
  /** `In function 'xfs_iget'`, and what `note:` lines say, in order. */
  readonly context: readonly string[]
}

/** gcc and clang alike: `FILE:LINE[:COLUMN]: error: TEXT`; `fatal error` is an error. */
const DIAGNOSTIC =
  /^(?<file>[^\s:A-Za-z_]*[A-Za-z_][^\s:]*):(?<line>\d+)(?::(?<column>\d+))?: (?<level>fatal error|error|warning|note): (?<text>.*)$/
/** gcc: `FILE: In function 'NAME':`, `FILE: At top level:`. */
const SCOPE = /^(?<file>[^\s:][^:]*): (?<scope>(?:In|At) .*):$/
/** The linker, where debug information gives it a line, and Kconfig's parser. */
const UNDEFINED = /^(?:\S*ld(?:\.\w+)?: )?(?<file>[^\s:()]+\.[chS]):(?<line>\d+): (?<text>(?:undefined reference|multiple definition).*)$/
const KCONFIG_FAULT = /^(?<file>[^\s:]+):(?<line>\d+): (?<text>(?:syntax error|unknown statement|invalid|recursive).*)$/
/** `ERROR: modpost: "symbol" [fs/xfs/xfs.ko] undefined!` */
const MODPOST = /^ERROR: modpost: (?<text>.*)$/

/** What stands before the message it leads to. */
const LEAD = /^(?:In file included from .*|\s+from .*)[:,]$/
/** What ends a message: make's own words, the next command of Kbuild (`  CC      fs/x.o`), the linker, a count of clang's. */
const NO_EXCERPT = /^(?:make\b| {2}[A-Z]{2,}\b|\S*ld(?:\.\w+)?: |\d+ (?:errors?|warnings?)\b|ERROR: |cc1: )/
/** Lines of source and carets kept of one message. */
const EXCERPT_LINES = 8

/** In two steps: a path with the word in the middle would be tried at every letter. */
function kconfigFault(line: string): RegExpExecArray | null {
  const match = KCONFIG_FAULT.exec(line)
  return match?.groups?.file?.includes('Kconfig') === true ? match : null
}

/** What a line is in a compiler's output; `text` is the rest: of a message's excerpt, or of nothing. */
export function lineKind(line: string): 'lead' | 'error' | 'warning' | 'note' | 'end' | 'text' {
  if (SCOPE.test(line) || LEAD.test(line)) return 'lead'
  const level = DIAGNOSTIC.exec(line)?.groups?.level
  if (level !== undefined) return level === 'fatal error' ? 'error' : (level as 'error' | 'warning' | 'note')
  if (UNDEFINED.test(line) || kconfigFault(line) !== null || MODPOST.test(line)) return 'error'
  return NO_EXCERPT.test(line) || line === '' ? 'end' : 'text'
}

/**
 * Where builders unpack sources; what follows is the path in the tree. `/build` in a sandbox; without one `nix-build-NAME.drv-N` in the
 * temporary directory, and since Nix 2.30 `nix-PID-NUMBER` in the state directory.
 */
const BUILD_DIRECTORY = /^\/(?:build\/[^/]+\/|(?:[^/]+\/)*nix-(?:build-[^/]+|\d+-\d+)\/(?:build\/)?[^/]+\/|nix\/store\/[^/]+\/)/

/** The path in the source tree: without build directory, `./` and the `../` of an output directory. */
export function treePath(path: string): string {
  return path.replace(BUILD_DIRECTORY, '').replace(/^(?:\.{1,2}\/)+/, '')
}

class MessageCollector {
  readonly messages: CompilerMessage[] = []
  #scope: { readonly file: string; readonly text: string } | null = null
  #context: string[] | null = null
  /** Of the message that was read last, while its lines come. */
  #excerpt: string[] | null = null
  /** The line before, where it may be a line of source. */
  #before: string | null = null

  feed(line: string): void {
    const kind = lineKind(line)
    if (kind === 'text') {
      this.#excerptLine(line)
      return
    }
    this.#excerpt = null
    this.#before = null
    const scope = SCOPE.exec(line)?.groups
    if (scope !== undefined) {
      this.#scope = { file: scope.file ?? '', text: scope.scope ?? '' }
      return
    }
    const found = DIAGNOSTIC.exec(line)?.groups
    if (found !== undefined) {
      this.#diagnostic(found)
      return
    }
    const other = (UNDEFINED.exec(line) ?? kconfigFault(line))?.groups
    if (other !== undefined) this.#add('error', { file: other.file ?? '', line: Number(other.line), column: null }, other.text ?? '')
    const modpost = MODPOST.exec(line)?.groups
    if (modpost !== undefined) this.#add('error', { file: null, line: null, column: null }, modpost.text ?? '')
  }

  /** Beside a number and a bar (gcc), or a line of source and below it a caret (clang before 17): other programs may speak in between. */
  #excerptLine(line: string): void {
    if (this.#excerpt === null || this.#excerpt.length >= EXCERPT_LINES) return
    if (/^ *(?:\d+ *)?\|/.test(line)) this.#excerpt.push(line)
    else if (/^[ \t]*[~^][ ~^]*$/.test(line) && this.#before !== null) this.#excerpt.push(this.#before, line)
    this.#before = line
  }

  #diagnostic(found: Record<string, string>): void {
    const { file = '', line = '', column, level, text = '' } = found
    if (level !== 'note') {
      const place = { file, line: Number(line), column: column === undefined ? null : Number(column) }
      this.#add(level === 'warning' ? 'warning' : 'error', place, text)
    } else {
      this.#context?.push(`${treePath(file)}:${line}: ${text}`)
    }
  }

  #add(level: CompilerMessage['level'], { file, line, column }: Pick<CompilerMessage, 'file' | 'line' | 'column'>, text: string): void {
    const context = this.#scope !== null && this.#scope.file === file ? [this.#scope.text] : []
    const excerpt: string[] = []
    this.#context = context
    this.#excerpt = excerpt
    this.messages.push({ level, file: file === null ? null : treePath(file), line, column, text, excerpt, context })
  }
}

/** Errors and warnings in a builder's output, in order, each once. */
export function readCompilerMessages(lines: Iterable<string>): readonly CompilerMessage[] {
  const collector = new MessageCollector()
  for (const line of lines) collector.feed(line)
  const seen = new Set<string>()
  return collector.messages.filter((one) => {
    const key = `${one.level} ${one.file}:${one.line} ${one.text}`
    return !seen.has(key) && seen.add(key)
  })
}

/** One line, as editors read it: `FILE:LINE:COLUMN: error: TEXT`. */
export function formatMessage(message: CompilerMessage): string {
  const { file, line, column, level, text } = message
  const place = file === null ? '' : `${file}:${line}:${column === null ? '' : `${column}:`} `
  return `${place}${level}: ${text}`
}

/** What is said of a build that failed: the first error whole, with its source line and caret; of those after it how many there are. */
export function describeErrors(messages: readonly CompilerMessage[]): string | null {
  const [first, ...others] = messages.filter(({ level }) => level === 'error')
  if (first === undefined) return null
  const elsewhere = others.filter(({ file }) => file !== first.file).length
  const following = others.length - elsewhere
  const count = (number: number, where: string) => (number === 0 ? [] : [`${number} more ${number === 1 ? 'error' : 'errors'} ${where}`])
  const rest = [...count(following, 'in that file, which may follow from it'), ...count(elsewhere, 'in other files')]
  return [formatMessage(first), ...first.excerpt, ...(rest.length === 0 ? [] : [`and ${rest.join(', ')}`])].join('\n')
}

/**
 * Annotations for the tree's own lines: errors first, and of each file the first one as an error, since the others may follow from it.
 * `inTree` says whether a path is a file of the repository.
 */
export function compilerAnnotations(messages: readonly CompilerMessage[], inTree: (path: string) => boolean): readonly Annotation[] {
  const ordered = [...messages.filter((one) => one.level === 'error'), ...messages.filter((one) => one.level === 'warning')]
  const failing = new Set<string>()
  return ordered.map((one) => {
    const follows = one.level === 'error' && one.file !== null && failing.has(one.file)
    if (one.level === 'error' && one.file !== null) failing.add(one.file)
    const annotation: Annotation = {
      level: follows ? 'warning' : one.level,
      title: follows ? 'May follow from the first error' : one.level === 'error' ? 'Does not build' : 'Compiler warning',
      message: [one.text, ...one.excerpt, ...one.context].join('\n'),
    }
    if (one.file === null || one.line === null || !inTree(one.file)) return { ...annotation, message: formatMessage(one) }
    return { ...annotation, file: one.file, line: one.line }
  })
}
