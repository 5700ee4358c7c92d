import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { buildAction } from '../faults/built-action.js'
import { Job, type StepResult } from '../runner/job.js'
import type { Services } from '../services/services.js'
import { type Renderings, readRenderings } from './reader-view.js'
import { writeTwoSections } from './two-sections.js'

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
    mkdirSync(join(directory, 'workspace'))
    await writeTwoSections(join(directory, 'workspace/bundle'), directory)
    return new ShardWorld(directory, services)
  }

  close(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** What becomes of tests from now on; those not named pass. */
  fates(fates: Readonly<Record<string, 'pass' | 'fail' | 'notrun'>>): void {
    writeFileSync(join(this.directory, 'workspace/bundle/fates.json'), JSON.stringify(fates))
  }

  /**
   * `uses: ./.kernel-vmtest/SUB` in a job of its own, on a runner of its own: several may run at once.
   * @param run `killedAt`: its machine is lost as soon as the log holds this
   */
  async step(
    sub: '' | 'plan' | 'merge',
    inputs: Readonly<Record<string, string>>,
    run: { readonly id: string; readonly attempt?: number; readonly killedAt?: string },
  ): Promise<StepResult> {
    const number = ++jobs
    const job = await Job.create({
      workspace: join(this.directory, 'workspace'),
      temp: join(this.directory, `runner-${number}`),
      env: {
        ...this.services.environment({ runId: run.id, jobId: `job-${number}` }),
        ...{ HOME: this.directory, XDG_CACHE_HOME: join(this.directory, 'cache') },
        ...{ GITHUB_SHA: '0'.repeat(40), GITHUB_REF: 'refs/heads/main', GITHUB_EVENT_NAME: 'push' },
        ...{ GITHUB_RUN_ID: run.id, GITHUB_RUN_ATTEMPT: String(run.attempt ?? 1) },
        GITHUB_WORKFLOW_REF: 'someone/linux/.github/workflows/test.yml@refs/heads/main',
      },
    })
    try {
      const running = await job.start(join(this.directory, 'action', sub), inputs)
      if (run.killedAt !== undefined) {
        await running.saw(run.killedAt)
        running.process.kill()
        // Of a machine that is gone no step runs at the end.
        return await running.result
      }
      const step = await running.result
      const record = step.outputs.get('record')
      if (record !== undefined) this.#renderings.set(step, readRenderings(dirname(record)))
      await job.finish()
      return step
    } finally {
      await job.remove()
    }
  }

  readonly #renderings = new Map<StepResult, Renderings>()

  /** What the step left. */
  renderings(step: StepResult): Renderings {
    const renderings = this.#renderings.get(step)
    if (renderings === undefined) throw new Error(`the step left no record:\n${step.log}`)
    return renderings
  }
}

let jobs = 0
