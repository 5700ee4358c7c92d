import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { ActionContext } from '../../src/action/run-action.js'
import { runBisect } from '../../src/action/run-bisect.js'
import type { RunRecord } from '../../src/domain/record.js'
import type { Ports } from '../../src/ports/index.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { aRecord } from '../report/builder.js'

export type Row = Readonly<Record<string, string>>

/** What one step left. */
export interface StepLeft {
  readonly outputs: ReadonlyMap<string, string>
  readonly failed: readonly string[]
  readonly summary: string
}

/** The jobs of a workflow that searches: real git, real files, and artifacts in a directory. */
export class JobSearch {
  readonly root = mkdtempSync(join(tmpdir(), 'vmtest-job-search-'))

  constructor(private readonly tree: string) {}

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }

  async step(inputs: Readonly<Record<string, string>>): Promise<StepLeft> {
    const outputs = new Map<string, string>()
    const failed: string[] = []
    let summary = ''
    const runner = {
      env: { GITHUB_RUN_ATTEMPT: '1' },
      getInput: (name: string) => inputs[name] ?? '',
      setOutput: (name: string, value: string) => outputs.set(name, value),
      setFailed: (message: string) => failed.push(message),
      writeSummary: async (text: string) => {
        summary += text
      },
      ...{ info: () => undefined, warning: () => undefined, untrusted: () => undefined },
    }
    const ports = { runner, exec: createExec(), files: createFiles(), artifactStore: this.#artifacts() } as unknown as Ports
    const temporaryDirectory = mkdtempSync(join(this.root, 'temp-'))
    await runBisect(ports, { places: { workingDirectory: this.tree, temporaryDirectory } } as unknown as ActionContext)
    return { outputs, failed, summary }
  }

  /** What the action leaves of a run. */
  leave(artifact: string, kind: RunRecord['conclusion']['kind']): void {
    const directory = join(this.root, 'artifacts', artifact)
    mkdirSync(directory, { recursive: true })
    const record = aRecord([])
    const conclusion = { ...record.conclusion, kind, reason: `it is ${kind}.` }
    writeFileSync(join(directory, 'run.json'), JSON.stringify({ ...record, conclusion }))
    this.names.push(artifact)
  }

  readonly names: string[] = []

  #artifacts(): Ports['artifactStore'] {
    return {
      available: () => true,
      upload: async (name, paths) => {
        const directory = join(this.root, 'artifacts', name)
        mkdirSync(directory, { recursive: true })
        for (const path of paths) cpSync(path, join(directory, basename(path)))
        this.names.push(name)
        return { kind: 'uploaded', id: 1, sizeBytes: 1 }
      },
      list: async () => this.names,
      download: async (name, directory) => {
        if (!this.names.includes(name)) return null
        cpSync(join(this.root, 'artifacts', name), directory, { recursive: true })
        return directory
      },
    }
  }
}

/**
 * Plays .github/workflows/vmtest-bisect.yml: the ends, then rounds as long as there is something to try, each of a matrix's jobs going on to its further
 * commits where one cannot be tested.
 * @param verdict what becomes of a commit; null: its job is lost
 */
export async function playWorkflow(
  search: JobSearch,
  inputs: Readonly<Record<string, string>>,
  verdict: (commit: string) => RunRecord['conclusion']['kind'] | null,
): Promise<{ readonly rounds: number; readonly tried: readonly (readonly string[])[]; readonly end: StepLeft }> {
  const begun = await search.step(inputs)
  const from = begun.outputs.get('search') ?? ''
  if (from === '') throw new Error(begun.failed.join('\n'))
  const tried: string[][] = []
  for (let round = 0; round <= MOST_ROUNDS; round += 1) {
    const planned = await search.step({ from, round: String(round) })
    if ((planned.outputs.get('count') ?? '0') === '0') break
    const { include } = JSON.parse(planned.outputs.get('matrix') ?? '{}') as { include: Row[] }
    tried.push(include.flatMap((row) => tryRow(search, row, verdict)))
  }
  return { rounds: tried.length - 1, tried, end: await search.step({ from }) }
}

/** As many as the workflow has. */
const MOST_ROUNDS = 6

function tryRow(search: JobSearch, row: Row, verdict: (commit: string) => RunRecord['conclusion']['kind'] | null): string[] {
  const tried: string[] = []
  for (const number of ['', '2', '3', '4']) {
    const commit = row[`commit${number}`] ?? ''
    if (commit === '') return tried
    tried.push(commit)
    const kind = verdict(commit)
    if (kind === null) return tried
    search.leave(`${row[`artifact${number}`]}-attempt-1`, kind)
    if (kind !== 'build-failed' && kind !== 'could-not-test') return tried
  }
  return tried
}
