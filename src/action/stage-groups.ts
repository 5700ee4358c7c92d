import type { Progress, StageName } from '../domain/stages.js'
import type { Runner } from '../ports/index.js'

/** What a stage is called in the log of a step. */
const TITLES: Readonly<Record<StageName, string>> = {
  inputs: 'inputs',
  plan: 'plan',
  nix: 'Nix',
  cache: 'cache',
  build: 'build',
  vm: 'virtual machines and tests',
  results: 'results',
  report: 'report',
  publish: 'publish',
  post: 'post',
}

/**
 * A group of the step's log for each stage, opened by what the stage says first: its decision and why. A stage that comes again, as the cache does
 * after the build, is a group of its own.
 */
export class StageGroups {
  readonly #runner: Pick<Runner, 'openGroup' | 'closeGroup'>
  #stage: StageName | null = null

  constructor(runner: Pick<Runner, 'openGroup' | 'closeGroup'>) {
    this.#runner = runner
  }

  /** To be told before the line is printed. */
  show(progress: Progress): void {
    const stage = progress.kind === 'stage' ? progress.stage : progress.kind === 'accelerator' ? 'vm' : null
    if (stage === null || stage === this.#stage) return
    this.close()
    this.#stage = stage
    this.#runner.openGroup?.(TITLES[stage])
  }

  close(): void {
    if (this.#stage !== null) this.#runner.closeGroup?.()
    this.#stage = null
  }
}
