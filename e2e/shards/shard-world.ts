import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { bundle } from '../../scripts/bundle.mjs'
import type { RunRecord } from '../../src/domain/record.js'
import { writeFakeBundle } from '../comparison/fake-bundle.js'
import { buildAction } from '../faults/built-action.js'
import { Job, type StepResult } from '../runner/job.js'
import type { Services } from '../services/services.js'

export const TESTS = ['generic/001', 'generic/002', 'generic/003', 'generic/004']
const SECTIONS = ['xfs', 'ext4']

/** One row of the matrix that the plan gives. */
export interface MatrixRow {
  readonly shard: string
  readonly artifact: string
}

/** A run of the reusable workflow's jobs, each on the runner stand-in: the real action, guests that only say what became of a test. */
export class ShardWorld {
  private constructor(
    private readonly directory: string,
    private readonly services: Services,
  ) {}

  static async open(services: Services): Promise<ShardWorld> {
    // A place another user may read: where the runner is root, QEMU is not.
    const directory = mkdtempSync('/var/tmp/vmtest-shards-')
    chmodSync(directory, 0o755)
    await buildAction(join(directory, 'action'))
    await bundle({ entryPoints: [join(import.meta.dirname, '../comparison/fake-qemu.ts')], outfile: join(directory, 'fake-qemu.mjs') })
    const world = new ShardWorld(directory, services)
    mkdirSync(join(directory, 'workspace'))
    world.#makeBundle()
    return world
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** What becomes of tests from now on; those not named pass. */
  fates(fates: Readonly<Record<string, 'pass' | 'fail' | 'notrun'>>): void {
    writeFileSync(join(this.directory, 'workspace/bundle/fates.json'), JSON.stringify(fates))
  }

  /** `uses: ./.kernel-vmtest/SUB` in a job of its own. */
  async step(
    sub: '' | 'plan' | 'merge',
    inputs: Readonly<Record<string, string>>,
    run: { readonly id: string; readonly attempt?: number },
  ): Promise<StepResult> {
    const job = await Job.create({
      workspace: join(this.directory, 'workspace'),
      temp: join(this.directory, 'temp'),
      env: {
        ...this.services.environment({ runId: run.id, jobId: `job-${++jobs}` }),
        ...{ HOME: this.directory, XDG_CACHE_HOME: join(this.directory, 'cache') },
        ...{ GITHUB_SHA: '0'.repeat(40), GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_NAME: 'push' },
        ...{ GITHUB_RUN_ID: run.id, GITHUB_RUN_ATTEMPT: String(run.attempt ?? 1) },
        GITHUB_WORKFLOW_REF: 'someone/linux/.github/workflows/test.yml@refs/heads/main',
      },
    })
    try {
      const step = await job.uses(join(this.directory, 'action', sub), inputs)
      const record = step.outputs.get('record')
      if (record !== undefined) this.#records.set(step, JSON.parse(readFileSync(record, 'utf8')) as RunRecord)
      const junit = step.outputs.get('junit')
      if (junit !== undefined) this.#junit.set(step, readFileSync(junit, 'utf8'))
      await job.finish()
      return step
    } finally {
      await job.remove()
    }
  }

  readonly #records = new Map<StepResult, RunRecord>()
  readonly #junit = new Map<StepResult, string>()

  record(step: StepResult): RunRecord {
    const record = this.#records.get(step)
    if (record === undefined) throw new Error(`the step left no record:\n${step.log}`)
    return record
  }

  /** Numbers of tests, failures, errors and skipped ones in the JUnit file. */
  counts(step: StepResult): readonly string[] {
    const junit = this.#junit.get(step) ?? ''
    return ['tests', 'failures', 'errors', 'skipped'].map((name) => new RegExp(`<testsuites[^>]* ${name}="(\\d+)"`).exec(junit)?.[1] ?? '')
  }

  #makeBundle(): void {
    const disks = [{ role: 'test', sizeMiB: 16 }]
    const settings = (fstyp: string) => ({ fstyp, mkfsOptions: '', mountOptions: '' })
    writeFakeBundle(join(this.directory, 'workspace/bundle'), {
      fakeQemu: join(this.directory, 'fake-qemu.mjs'),
      tests: TESTS,
      fates: {},
      image: 'image',
      version: 2,
      sections: SECTIONS.map((name) => ({ suite: 'fstests', name, disks, settings: settings(name) })),
    })
  }
}

let jobs = 0
