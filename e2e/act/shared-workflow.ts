import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { CHECKOUT } from '../action/kernel-repository.js'
import { type ActRun, runAct } from './act-workflow.js'

/** Where the reusable workflow looks for the action with `action-repository: .`. */
const PLANTED = '.kernel-vmtest'
const WORKFLOW = '.github/workflows/vmtest.yml'
const CALLS = { shared: '.github/workflows/call.yml', one: '.github/workflows/one.yml' }

/** Inputs of the call that are the same for every run here: the action is in the repository, the runner is this machine. */
const LOCAL = { 'action-repository': '.', runner: 'ubuntu-latest' }

/** A kernel fork's repository that calls the reusable workflow of its own, as act can: by a path. */
export class SharedWorkflow {
  private constructor(
    readonly directory: string,
    private readonly act: string,
  ) {}

  static create(act: string): SharedWorkflow {
    // A place another user may read: where the runner is root, QEMU is not.
    const directory = mkdtempSync('/var/tmp/vmtest-act-')
    chmodSync(directory, 0o755)
    const world = new SharedWorkflow(directory, act)
    for (const name of ['home', 'repository/.github/workflows', 'checkout']) mkdirSync(join(directory, name), { recursive: true })
    for (const part of ['action.yml', 'plan', 'merge', 'package.json', 'dist', 'nix', 'examples']) {
      cpSync(join(CHECKOUT, part), join(world.repository, PLANTED, part), { recursive: true })
    }
    world.#makeCheckout()
    execFileSync('git', ['init', '-q', '-b', 'main', world.repository])
    return world
  }

  get repository(): string {
    return join(this.directory, 'repository')
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }

  /**
   * act fetches the action of a step before it looks at the step's `if`, so that it wants actions/checkout although every use of it is a
   * local checkout (which act skips) or not to be done at all. This stands for it, and fails where it is run.
   */
  #makeCheckout(): void {
    const action = { name: 'checkout', description: 'not to be run', runs: { using: 'composite', steps: [{ run: 'exit 1', shell: 'sh' }] } }
    writeFileSync(join(this.directory, 'checkout/action.yml'), stringify(action))
  }

  /** Writes and commits the call, and a workflow that does the same in one job. @param edit changes the reusable workflow itself */
  commit(inputs: Readonly<Record<string, string>>, edit: (jobs: Record<string, object>) => void = () => undefined): void {
    this.write(inputs, edit)
    const git = ['-C', this.repository, '-c', 'user.name=e2e', '-c', 'user.email=e2e@example.org']
    execFileSync('git', [...git, 'add', '--all', '--force'])
    execFileSync('git', [...git, 'commit', '-q', '--allow-empty', '-m', 'call'])
  }

  /** As `commit`, on the commit that there is, and so that git sees no change: act reads workflows from the work tree. */
  again(inputs: Readonly<Record<string, string>>, edit: (jobs: Record<string, object>) => void): void {
    execFileSync('git', ['-C', this.repository, 'update-index', '--assume-unchanged', WORKFLOW])
    this.write(inputs, edit)
  }

  private write(inputs: Readonly<Record<string, string>>, edit: (jobs: Record<string, object>) => void): void {
    const workflow = parse(readFileSync(join(CHECKOUT, WORKFLOW), 'utf8')) as { jobs: Record<string, object> }
    edit(workflow.jobs)
    const { shards: _shards, ...own } = inputs
    const steps = [{ uses: 'actions/checkout@v4' }, { uses: `./${PLANTED}`, with: { ...own, 'artifact-name': 'one' } }]
    this.#write(WORKFLOW, workflow)
    this.#write(CALLS.shared, { on: 'push', jobs: { shared: { uses: `./${WORKFLOW}`, with: { ...LOCAL, ...inputs } } } })
    this.#write(CALLS.one, { on: 'push', jobs: { one: { 'runs-on': LOCAL.runner, steps } } })
  }

  #write(path: string, workflow: object): void {
    writeFileSync(join(this.repository, path), stringify(workflow))
  }

  /** Lets act run one of the two. @param env with the addresses of the services */
  run(
    call: keyof typeof CALLS,
    env: Readonly<Record<string, string>>,
    machine: Parameters<typeof runAct>[1]['machine'] = this.#thisMachine(),
  ): Promise<ActRun> {
    const text = readFileSync(join(CHECKOUT, WORKFLOW), 'utf8')
    const uses = [...new Set([...text.matchAll(/uses: (actions\/checkout@[0-9a-f]+)/g)].map(([, checkout]) => checkout))]
    const replaced = uses.flatMap((checkout) => ['--local-repository', `${checkout}=${join(this.directory, 'checkout')}`])
    const attempt = ['--env', `GITHUB_RUN_ATTEMPT=${env.GITHUB_RUN_ATTEMPT ?? '1'}`]
    return runAct(this.act, { machine, directory: this.repository, env, options: ['--workflows', CALLS[call], ...attempt, ...replaced] })
  }

  #thisMachine(): Parameters<typeof runAct>[1]['machine'] {
    const env = { HOME: join(this.directory, 'home'), XDG_CACHE_HOME: join(this.directory, 'cache') }
    return { env, inside: (directory, ...argv) => ['env', `--chdir=${directory}`, ...argv] }
  }
}
