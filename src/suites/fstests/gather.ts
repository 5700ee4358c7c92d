import type { TreeReader } from '../suite.js'
import { type CheckLog, readCheckLog } from './check-log.js'
import { type FstestsOutput, readOutput } from './output.js'
import { parseResultFileName, type ResultFile, type ResultFileKind, reportLines } from './result-files.js'
import { readXunit, type XunitReport } from './xunit.js'

/** result.xml or check.log, and the section directory it was found in (null: none). */
export interface Sectioned<T> {
  readonly section: string | null
  readonly value: T
}

export interface FileSystemNotes {
  /** What making it printed. */
  readonly mkfs: string | null
  /** Lines `SOURCE TARGET TYPE OPTIONS` of what was mounted below the test directories when the first test began. */
  readonly mounts: string | null
}

/** Everything that bears witness to one invocation of check. */
export interface FstestsEvidence {
  readonly output: FstestsOutput | null
  readonly reports: readonly Sectioned<XunitReport>[]
  /** Of each check.log its summaries, oldest first. */
  readonly logs: readonly Sectioned<readonly CheckLog[]>[]
  readonly files: readonly ResultFile[]
  /** What the guest's agent noted of the test file system; null where it did not. */
  readonly fileSystem: FileSystemNotes
  /** What check ended with, where a `check.rc` beside its output says so: its text. */
  readonly exitStatus: string | null
  /** One sentence for each thing that could not be read, or was cut. */
  readonly problems: readonly string[]
  /** Paths that are there and could not be read: what they would say against a test is not known. */
  readonly unread: readonly string[]
}

/** What is read of one file at most. Reading takes ten to twenty times its size of what check printed. result.xml holds every .full; beyond this the rest is treated as cut off. */
const mostBytes = { output: 16, xunit: 192, log: 8, small: 1, dmesg: 64 } as const
const MiB = 1024 * 1024

/** More files than a run of fstests leaves; a guest that fills its results with more is not followed. */
const mostFiles = 200_000

const outputNames = ['check.stdout', 'check.out', 'stdout', 'check.output'] as const
const smallKinds: ReadonlySet<ResultFileKind> = new Set(['notrun', 'hints'])

/**
 * Collects the evidence below a directory: what check printed (`check.stdout` there or beside `results/`), and its results tree,
 * with or without the section level. Nothing is followed that is no plain file or directory; the tree may come from a hostile guest.
 */
export async function gatherEvidence(files: TreeReader, directory: string): Promise<FstestsEvidence> {
  const gatherer = new Gatherer(files)
  const base = (await isDirectory(files, `${directory}/results`)) ? `${directory}/results` : directory
  const output = await gatherer.output(base === directory ? [directory] : [directory, base])
  await gatherer.tree(base)
  const [fileSystem, exitStatus] = [await gatherer.fileSystem(base), await gatherer.exitStatus(directory)]
  return { ...gatherer.found, output, fileSystem, exitStatus }
}

async function isDirectory(files: TreeReader, path: string): Promise<boolean> {
  return (await files.stat(path))?.kind === 'directory'
}

class Gatherer {
  readonly #files: TreeReader
  readonly found = {
    reports: [] as Sectioned<XunitReport>[],
    logs: [] as Sectioned<readonly CheckLog[]>[],
    files: [] as ResultFile[],
    problems: [] as string[],
    unread: [] as string[],
  }

  constructor(files: TreeReader) {
    this.#files = files
  }

  async output(directories: readonly string[]): Promise<FstestsOutput | null> {
    for (const directory of directories) {
      for (const name of outputNames) {
        const text = await this.#text(`${directory}/${name}`, mostBytes.output)
        if (text !== null) return readOutput(text)
      }
    }
    return null
  }

  async exitStatus(directory: string): Promise<string | null> {
    return (await this.#text(`${directory}/check.rc`, mostBytes.small))?.trim() ?? null
  }

  async fileSystem(base: string): Promise<FileSystemNotes> {
    const note = (name: string) => this.#text(`${base}/vmtest-${name}.log`, mostBytes.small)
    return { mkfs: await note('mkfs'), mounts: await note('mounts') }
  }

  /** The results tree: RESULT_BASE itself, and each section's directory below it. */
  async tree(base: string): Promise<void> {
    await this.#reports(base, null)
    for (const name of await this.#list(base)) {
      const path = `${base}/${name}`
      if (!(await isDirectory(this.#files, path))) continue
      if (await this.#isSection(path)) await this.#section(path, name)
      else await this.#tests(path, name, null)
    }
  }

  async #section(path: string, section: string): Promise<void> {
    await this.#reports(path, section)
    for (const name of await this.#list(path)) {
      if (await isDirectory(this.#files, `${path}/${name}`)) await this.#tests(`${path}/${name}`, name, section)
    }
  }

  /** A section's directory has reports of its own, or test directories; a test directory has files of tests. */
  async #isSection(path: string): Promise<boolean> {
    const names = await this.#list(path)
    if (names.some((name) => name === 'result.xml' || name === 'check.log' || name === 'check.time')) return true
    if (names.some((name) => parseResultFileName(name) !== null)) return false
    for (const name of names) if (await isDirectory(this.#files, `${path}/${name}`)) return true
    return false
  }

  async #reports(path: string, section: string | null): Promise<void> {
    const xml = await this.#text(`${path}/result.xml`, mostBytes.xunit)
    if (xml !== null) this.found.reports.push({ section, value: readXunit(xml) })
    const log = await this.#text(`${path}/check.log`, mostBytes.log)
    const value = log === null ? [] : readCheckLog(log)
    if (value.length > 0) this.found.logs.push({ section, value })
  }

  async #tests(path: string, directory: string, section: string | null): Promise<void> {
    for (const name of await this.#list(path)) {
      const parsed = parseResultFileName(name)
      if (parsed === null) continue
      if (this.found.files.length >= mostFiles) {
        this.found.problems.push(`${path}: more than ${mostFiles} result files; the rest is not read.`)
        return
      }
      const entry = await this.#files.stat(`${path}/${name}`)
      if (entry?.kind !== 'file') continue
      const text = await this.#textOf(`${path}/${name}`, parsed.kind)
      const { id, kind, rerun } = parsed
      this.found.files.push({ section, test: `${directory}/${id}`, kind, rerun, path: `${path}/${name}`, sizeBytes: entry.sizeBytes, text })
    }
  }

  /** What of a test's file matters to its verdict: of a dmesg, which may be long, the lines that report something. */
  async #textOf(path: string, kind: ResultFileKind): Promise<string | null> {
    if (kind === 'dmesg') {
      const text = await this.#text(path, mostBytes.dmesg)
      return text === null ? null : reportLines(text)
    }
    return smallKinds.has(kind) ? this.#text(path, mostBytes.small) : null
  }

  async #list(path: string): Promise<readonly string[]> {
    try {
      return await this.#files.list(path)
    } catch (error) {
      this.found.unread.push(path)
      this.found.problems.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
      return []
    }
  }

  /** A file's text; null where it is absent or cannot be read. Bytes that are no UTF-8 become U+FFFD. */
  async #text(path: string, mostMiB: number): Promise<string | null> {
    try {
      const entry = await this.#files.stat(path)
      if (entry?.kind !== 'file') return null
      const length = Math.min(entry.sizeBytes, mostMiB * MiB)
      if (length < entry.sizeBytes) {
        this.found.unread.push(path)
        this.found.problems.push(`${path}: only the first ${mostMiB} MiB of ${entry.sizeBytes} bytes were read.`)
      }
      return new TextDecoder().decode(await this.#files.readBytes(path, { offset: 0, length }))
    } catch (error) {
      this.found.unread.push(path)
      this.found.problems.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
      return null
    }
  }
}
