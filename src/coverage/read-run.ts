import { join } from 'node:path'
import type { Coverage } from '../domain/coverage.js'
import type { BuiltCounters } from '../domain/stages.js'
import type { TestId } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import type { BatchRun } from '../domain/vm-run.js'
import type { Ports, UnprivilegedUser } from '../ports/index.js'
import { assemble, type Reached, reachedBy } from './assemble.js'
import type { ChangedSource } from './changed-lines.js'
import { readCounters, type TestCounters } from './counters.js'
import { parseGcov } from './gcov-output.js'
import { newLines } from './git-diff.js'
import { findGcov, type Gcov, runGcov, sourceName } from './run-gcov.js'
import { lineKey, Tally } from './tally.js'

/** Counters of one test are packed into less, whatever is compiled with them. */
const MOST_PACKED_BYTES = 16 * 1024 * 1024
/** Directory of a batch's results that the guest puts counters into (nix/guest/coverage). */
const COUNTERS = 'vmtest-coverage'

export interface CoverageRun {
  readonly built: BuiltCounters
  readonly change: Pick<Coverage, 'base' | 'commit' | 'isDirty'> & { readonly sources: readonly ChangedSource[] }
  readonly batches: readonly BatchRun[]
  readonly runDirectory: string
  /** Where notes and counters lie while they are read: another user has to get there. */
  readonly temporaryDirectory: string
  /** Whose rights gcov gets where we are root. */
  readonly user: UnprivilegedUser
  readonly signal: AbortSignal
}

export interface CoverageOutcome {
  /** Null where nothing could be read. */
  readonly coverage: Coverage | null
  readonly tally: Tally
  /** What went wrong, a sentence each. */
  readonly problems: readonly string[]
}

/** Reads the counters of a run's tests, each by itself, and what they come to. Nothing of it throws: what cannot be read is a problem. */
export async function readCoverage(run: CoverageRun, ports: Pick<Ports, 'exec' | 'files'>): Promise<CoverageOutcome> {
  const failed = (problem: string): CoverageOutcome => ({ coverage: null, tally: new Tally(), problems: [problem] })
  const gcov = await findGcov(run.built.gcov, run.user, ports)
  if (gcov === null) return failed(`Coverage could not be read: there is no working \`${run.built.gcov}\`; it comes with its gcc.`)
  const directory = await ports.files.makeTemporary(run.temporaryDirectory, 'vmtest-coverage-')
  try {
    await ports.files.chmod(directory, 0o755)
    const reader = new CoverageReader(run, { gcov, directory }, ports)
    const problem = await reader.begin()
    return problem === null ? await reader.readAll() : failed(problem)
  } finally {
    await ports.files.remove(directory)
  }
}

interface Counted {
  readonly id: TestId
  readonly functions: Set<string>
  readonly lines: Set<string>
}

class CoverageReader {
  readonly #whole = new Tally()
  readonly #tests = new Map<string, Counted>()
  readonly #problems: string[] = []
  readonly #changed: ReadonlySet<string>
  #notes: ReadonlySet<string> = new Set()

  constructor(
    private readonly run: CoverageRun,
    private readonly box: { readonly gcov: Gcov; readonly directory: string },
    private readonly ports: Pick<Ports, 'exec' | 'files'>,
  ) {
    this.#changed = new Set(run.change.sources.flatMap(({ change }) => newLines(change).map((line) => lineKey(change.file ?? '', line))))
  }

  /** Everything that was compiled, with counts of nothing. @returns why it cannot go on */
  async begin(): Promise<string | null> {
    const { notes: compiled, directories } = this.run.built
    this.#notes = new Set((await Promise.all(directories.map((each) => this.#notesBelow(compiled, each)))).flat())
    if (this.#notes.size === 0) {
      return `Coverage could not be read: nothing in ${directories.join(', ')} was compiled with counters (is it in the kernel's configuration?).`
    }
    for (const notes of this.#notes) {
      const copy = join(this.box.directory, notes)
      await this.ports.files.write(copy, await this.ports.files.readBytes(join(compiled, notes)))
      await this.ports.files.chmod(copy, 0o644)
    }
    return this.#count([...this.#notes], this.#whole)
  }

  async readAll(): Promise<CoverageOutcome> {
    const { run } = this
    for (const batch of run.batches) {
      const counters = join(run.runDirectory, batch.directory, 'results', COUNTERS)
      const names = await this.ports.files.list(counters).catch(() => [])
      for (const name of [...names].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))) {
        if (run.signal.aborted) break
        await this.#readTest(join(counters, name), batch)
      }
      await this.ports.files.remove(counters)
    }
    if (run.signal.aborted) this.#problems.push('Coverage was not read to its end: the run was interrupted.')
    const about = { tool: this.box.gcov.version, directories: [...run.built.directories], ...withoutSources(run.change) }
    const coverage = assemble({
      whole: this.#whole,
      tests: [...this.#tests.values()].map(({ id, functions, lines }) => ({ id, reached: { functions, lines } })),
      sources: run.change.sources,
      about: { ...about, withoutCounters: this.#withoutCounters() },
    })
    return { coverage, tally: this.#whole, problems: [...new Set(this.#problems)] }
  }

  async #readTest(path: string, batch: BatchRun): Promise<void> {
    const counters = await this.#unpack(path)
    const planned = counters !== null && batch.tests.includes(counters.test)
    if (counters === null || !planned) return void this.#problems.push(`Counters of a test of ${batch.section} could not be read.`)
    const data = await this.#lay(counters)
    const tally = new Tally()
    const problem = data.length === 0 ? null : await this.#count(data, tally)
    for (const file of data) await this.ports.files.remove(join(this.box.directory, file))
    if (problem !== null) return void this.#problems.push(problem)
    this.#whole.merge(tally)
    this.#note({ suite: batch.suite, section: batch.section, name: counters.test }, reachedBy(tally, this.#changed))
  }

  async #unpack(path: string): Promise<TestCounters | null> {
    const size = (await this.ports.files.stat(path))?.sizeBytes ?? 0
    return size > MOST_PACKED_BYTES ? null : readCounters(await this.ports.files.readBytes(path))
  }

  /** Puts the counters beside their notes. @returns where */
  async #lay({ files }: TestCounters): Promise<readonly string[]> {
    const data: string[] = []
    for (const [path, bytes] of files) {
      const below = path.startsWith(`${this.run.built.objects}/`) ? path.slice(this.run.built.objects.length + 1) : ''
      if (!this.#notes.has(below.replace(/\.gcda$/, '.gcno'))) continue
      const file = join(this.box.directory, below)
      await this.ports.files.write(file, bytes)
      await this.ports.files.chmod(file, 0o644)
      data.push(below)
    }
    return data
  }

  async #count(objects: readonly string[], tally: Tally): Promise<string | null> {
    const { gcov, directory } = this.box
    const outcome = await runGcov(gcov, { directory, objects, signal: this.run.signal }, this.ports)
    if (outcome.kind === 'failed') return `Coverage could not be read: ${outcome.reason}.`
    for (const output of outcome.outputs) tally.add(parseGcov(output), (source) => sourceName(source, this.run.built))
    return null
  }

  #note(id: TestId, { functions, lines }: Reached): void {
    const known = this.#tests.get(testKey(id))
    if (known === undefined) {
      this.#tests.set(testKey(id), { id, functions: new Set(functions), lines: new Set(lines) })
      return
    }
    for (const each of functions) known.functions.add(each)
    for (const each of lines) known.lines.add(each)
  }

  /** Tests that started, and of which no counters came. */
  #withoutCounters(): string[] {
    const started = this.run.batches.flatMap(({ suite, section, timeline, returned = [] }) =>
      timeline.filter(({ name }) => !returned.includes(name)).map(({ name }) => ({ suite, section, name })),
    )
    return [...new Set(started.filter((id) => !this.#tests.has(testKey(id))).map(({ section, name }) => `${section} ${name}`))].sort()
  }

  async #notesBelow(top: string, directory: string): Promise<readonly string[]> {
    const names = await this.ports.files.list(join(top, directory)).catch(() => [])
    const found: string[] = []
    for (const name of names) {
      const path = `${directory}/${name}`
      if (name.endsWith('.gcno')) found.push(path)
      else if ((await this.ports.files.stat(join(top, path)))?.kind === 'directory') found.push(...(await this.#notesBelow(top, path)))
    }
    return found.sort()
  }
}

function withoutSources({ base, commit, isDirty }: CoverageRun['change']): Pick<Coverage, 'base' | 'commit' | 'isDirty'> {
  return { base, commit, isDirty }
}
