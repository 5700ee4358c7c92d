import type { Annotation } from '../domain/stages.js'

/** One error or warning of a compiler, linker or of Kconfig, with the notes that belong to it. */
export interface CompilerMessage {
  readonly level: 'error' | 'warning'
  /** As printed, without the build directory: `fs/xfs/xfs_inode.c`. Null where the tool names no file. */
  readonly file: string | null
  readonly line: number | null
  readonly text: string
  /** `In function 'xfs_iget'`, and what `note:` lines say, in order. */
  readonly context: readonly string[]
}

/** gcc and clang alike: `FILE:LINE[:COLUMN]: error: TEXT`; `fatal error` is an error. */
const DIAGNOSTIC = /^(?<file>[^\s:]*[A-Za-z_][^\s:]*):(?<line>\d+)(?::\d+)?: (?<level>fatal error|error|warning|note): (?<text>.*)$/
/** gcc: `FILE: In function 'NAME':`, `FILE: At top level:`. */
const SCOPE = /^(?<file>[^\s:][^:]*): (?<scope>(?:In|At) .*):$/
/** The linker, where debug information gives it a line, and Kconfig's parser. */
const UNDEFINED = /^(?:\S*ld(?:\.\w+)?: )?(?<file>[^\s:()]+\.[chS]):(?<line>\d+): (?<text>(?:undefined reference|multiple definition).*)$/
const KCONFIG = /^(?<file>\S*Kconfig\S*):(?<line>\d+): (?<text>(?:syntax error|unknown statement|invalid|recursive).*)$/
/** `ERROR: modpost: "symbol" [fs/xfs/xfs.ko] undefined!` */
const MODPOST = /^ERROR: modpost: (?<text>.*)$/

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

  feed(line: string): void {
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
    const other = (UNDEFINED.exec(line) ?? KCONFIG.exec(line))?.groups
    if (other !== undefined) this.#add('error', other.file ?? '', Number(other.line), other.text ?? '')
    const modpost = MODPOST.exec(line)?.groups
    if (modpost !== undefined) this.#add('error', null, null, modpost.text ?? '')
  }

  #diagnostic(found: Record<string, string>): void {
    const { file = '', line = '', level, text = '' } = found
    if (level !== 'note') {
      this.#add(level === 'warning' ? 'warning' : 'error', file, Number(line), text)
    } else {
      this.#context?.push(`${treePath(file)}:${line}: ${text}`)
    }
  }

  #add(level: CompilerMessage['level'], file: string | null, line: number | null, text: string): void {
    const context = this.#scope !== null && this.#scope.file === file ? [this.#scope.text] : []
    this.#context = context
    this.messages.push({ level, file: file === null ? null : treePath(file), line, text, context })
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

export function formatMessage(message: CompilerMessage): string {
  const place = message.file === null ? '' : `${message.file}:${message.line}: `
  return `${place}${message.level}: ${message.text}`
}

/** Annotations for the tree's own lines: errors first. `inTree` says whether a path is a file of the repository. */
export function compilerAnnotations(messages: readonly CompilerMessage[], inTree: (path: string) => boolean): readonly Annotation[] {
  const ordered = [...messages.filter((one) => one.level === 'error'), ...messages.filter((one) => one.level === 'warning')]
  return ordered.map((one) => {
    const annotation: Annotation = {
      level: one.level,
      title: one.level === 'error' ? 'Does not build' : 'Compiler warning',
      message: [one.text, ...one.context].join('\n'),
    }
    if (one.file === null || one.line === null || !inTree(one.file)) return { ...annotation, message: formatMessage(one) }
    return { ...annotation, file: one.file, line: one.line }
  })
}
