import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type ActionManifest, readActionManifest } from './action-manifest.js'
import { parseKeyValues, parsePathFile, readSummary } from './file-commands.js'
import { NodeProcess, type ProcessEnd } from './node-process.js'
import { CommandProcessor, type IssuedAnnotation, type WorkflowCommand } from './workflow-commands.js'

export interface JobOptions {
  readonly workspace: string
  /** Added to each step's environment: the services' variables, GITHUB_REF and so on. */
  readonly env?: Readonly<Record<string, string>>
  /** RUNNER_TEMP: the same for every job of a runner, and empty when one begins. By default a fresh directory. */
  readonly temp?: string
  /** The job of a matrix; absent: the job has none. */
  readonly matrix?: Readonly<Record<string, unknown>>
  /** The command that runs a script, without a shell (one drops variables named like INPUT_FAIL-ON); by default this node. */
  readonly node?: readonly string[]
}

export interface StepResult {
  readonly phase: 'main' | 'post'
  readonly conclusion: 'success' | 'failure' | 'cancelled'
  readonly end: ProcessEnd
  readonly outputs: ReadonlyMap<string, string>
  /** The log as a reader sees it, masks applied. */
  readonly log: string
  readonly annotations: readonly IssuedAnnotation[]
  readonly groups: readonly string[]
  readonly obeyed: readonly WorkflowCommand[]
  /** Markdown the runner took; '' where it refused it or there was none. */
  readonly summary: string
  readonly seconds: number
}

interface RunningStep {
  readonly process: NodeProcess
  /** Resolves as soon as the log holds the text; rejects when the step ends without it. */
  saw(text: string): Promise<void>
  readonly result: Promise<StepResult>
}

interface Posted {
  readonly manifest: ActionManifest
  readonly inputs: Readonly<Record<string, string>>
  readonly state: ReadonlyMap<string, string>
}

/**
 * One job on a stand-in for the workflow runner: its steps run JavaScript actions as the runner does, from action.yml,
 * and `finish` runs what they registered for the end, last first.
 */
export class Job {
  readonly #posts: Posted[] = []
  readonly #environment = new Map<string, string>()
  readonly #path: string[] = []
  readonly #masks = new Set<string>()
  #status: 'success' | 'failure' | 'cancelled' = 'success'
  #step = 0

  private constructor(
    readonly temp: string,
    private readonly options: JobOptions,
  ) {}

  static async create(options: JobOptions): Promise<Job> {
    const temp = options.temp ?? (await mkdtemp(join(tmpdir(), 'vmtest-runner-')))
    await rm(temp, { recursive: true, force: true })
    await mkdir(temp, { recursive: true })
    return new Job(temp, options)
  }

  get status(): 'success' | 'failure' | 'cancelled' {
    return this.#status
  }

  /** `uses: DIRECTORY` with `with:`; runs main and remembers post. */
  async uses(directory: string, inputs: Readonly<Record<string, string>> = {}): Promise<StepResult> {
    return (await this.start(directory, inputs)).result
  }

  /** The same, handing over the process while it runs. */
  async start(directory: string, inputs: Readonly<Record<string, string>> = {}): Promise<RunningStep> {
    const manifest = await readActionManifest(directory)
    const warnings = Object.keys(inputs)
      .filter((name) => !manifest.inputs.has(name))
      .map((name) => `Unexpected input(s) '${name}', valid inputs are [${[...manifest.inputs.keys()].map((n) => `'${n}'`).join(', ')}]`)
    const step = await this.#run({ manifest, phase: 'main', inputs, state: new Map(), warnings })
    const result = step.result.then(({ result, state }) => {
      if (manifest.post !== null) this.#posts.push({ manifest, inputs, state })
      return result
    })
    return { process: step.process, saw: step.saw, result }
  }

  /** Says the job was cancelled, as the service tells the runner, while a step runs. */
  cancel(step: RunningStep): void {
    this.#status = 'cancelled'
    step.process.cancel()
  }

  /** The end of the job: post steps in reverse order, each by its `post-if`. */
  async finish(): Promise<readonly StepResult[]> {
    const results: StepResult[] = []
    for (let post = this.#posts.pop(); post !== undefined; post = this.#posts.pop()) {
      if (!holds(post.manifest.postIf, this.#status)) continue
      const step = await this.#run({ ...post, phase: 'post', warnings: [] })
      results.push((await step.result).result)
    }
    return results
  }

  async remove(): Promise<void> {
    await rm(this.temp, { recursive: true, force: true })
  }

  async #run(request: StepRequest) {
    const { manifest, phase } = request
    const script = phase === 'main' ? manifest.main : manifest.post
    if (script === null) throw new Error(`${manifest.name} has no ${phase}`)
    const files = await this.#makeFiles(++this.#step)
    const commands = new CommandProcessor()
    const log: string[] = request.warnings.map((warning) => `##[warning]${warning}`)
    for (const message of request.warnings) commands.annotations.push({ level: 'warning', message, title: null, file: null, line: null })
    const waiting: { readonly text: string; readonly found: () => void }[] = []
    const onLine = (line: string) => {
      const shown = commands.take(line)
      for (const mask of commands.masks) this.#masks.add(mask)
      if (shown !== null) log.push(this.#masked(shown))
      for (const waiter of waiting) if (line.includes(waiter.text)) waiter.found()
    }
    const started = performance.now()
    const node = this.options.node ?? [process.execPath]
    const env = this.#environmentOf(request, files)
    const child = new NodeProcess({ node, script, env, cwd: this.options.workspace, onLine })
    const result = child.end.then((end) =>
      this.#conclude({ phase, end, files, commands, log, seconds: (performance.now() - started) / 1000 }),
    )
    const saw = async (text: string) => {
      if (log.some((line) => line.includes(text))) return
      const found = new Promise<true>((resolve) => void waiting.push({ text, found: () => resolve(true) }))
      const seen = await Promise.race([found, child.end.then(() => false)])
      if (!seen && !log.some((line) => line.includes(text))) throw new Error(`the step ended without saying '${text}':\n${log.join('\n')}`)
    }
    return { process: child, saw, result }
  }

  async #makeFiles(step: number): Promise<StepFiles> {
    const directory = join(this.temp, '_runner_file_commands')
    await mkdir(directory, { recursive: true })
    const path = (name: string) => join(directory, `${name}_${step}`)
    const files = { output: path('output'), state: path('state'), env: path('env'), path: path('path'), summary: path('summary') }
    for (const file of Object.values(files)) await writeFile(file, '')
    return files
  }

  #environmentOf({ manifest, inputs, state }: StepRequest, files: StepFiles): Record<string, string> {
    const { workspace } = this.options
    const base = {
      HOME: process.env.HOME ?? '/',
      LANG: 'C.UTF-8',
      CI: 'true',
      GITHUB_ACTIONS: 'true',
      GITHUB_WORKSPACE: workspace,
      GITHUB_SERVER_URL: 'https://github.com',
      GITHUB_API_URL: 'https://api.github.com',
      GITHUB_REPOSITORY: 'someone/linux',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_RUN_ID: '1',
      GITHUB_RUN_ATTEMPT: '1',
      GITHUB_JOB: 'test',
      RUNNER_OS: 'Linux',
      RUNNER_ARCH: 'X64',
      RUNNER_TEMP: this.temp,
      RUNNER_TOOL_CACHE: join(this.temp, 'tools'),
      ...this.options.env,
      ...Object.fromEntries(this.#environment),
    }
    const fileVariables = {
      GITHUB_OUTPUT: files.output,
      GITHUB_STATE: files.state,
      GITHUB_ENV: files.env,
      GITHUB_PATH: files.path,
      GITHUB_STEP_SUMMARY: files.summary,
    }
    const stateVariables = Object.fromEntries([...state].map(([name, value]) => [`STATE_${name}`, value]))
    const PATH = [...[...this.#path].reverse(), process.env.PATH ?? '/usr/bin:/bin'].join(delimiter)
    return {
      ...base,
      ...inputVariables(manifest, inputs, { ...base }, JSON.stringify(this.options.matrix ?? null, null, 2)),
      ...stateVariables,
      ...fileVariables,
      PATH,
    }
  }

  async #conclude(run: FinishedRun): Promise<{ result: StepResult; state: ReadonlyMap<string, string> }> {
    const { phase, end, files, commands, log, seconds } = run
    let failed = end.code !== 0
    const outputs = new Map(commands.outputs)
    const state = new Map(commands.state)
    try {
      for (const [name, value] of parseKeyValues(await readFile(files.output, 'utf8'))) outputs.set(name, value)
      for (const [name, value] of parseKeyValues(await readFile(files.state, 'utf8'))) state.set(name, value)
      for (const [name, value] of parseKeyValues(await readFile(files.env, 'utf8'))) this.#environment.set(name, value)
      this.#path.push(...parsePathFile(await readFile(files.path, 'utf8')))
    } catch (error) {
      failed = true
      log.push(`##[error]Unable to process file command successfully: ${String(error)}`)
    }
    const summary = await readSummary(files.summary)
    if (summary.kind === 'refused')
      commands.annotations.push({ level: 'error', message: summary.message, title: null, file: null, line: null })
    if (failed && phase === 'main' && this.#status === 'success') this.#status = 'failure'
    const conclusion = this.#status === 'cancelled' && phase === 'main' ? 'cancelled' : failed ? 'failure' : 'success'
    const result: StepResult = {
      phase,
      conclusion,
      end,
      outputs,
      log: log.join('\n'),
      annotations: commands.annotations,
      groups: commands.groups,
      obeyed: commands.obeyed,
      summary: summary.kind === 'taken' ? this.#masked(summary.markdown) : '',
      seconds,
    }
    return { result, state }
  }

  #masked(text: string): string {
    let masked = text
    for (const secret of [...this.#masks].sort((a, b) => b.length - a.length)) masked = masked.replaceAll(secret, '***')
    return masked
  }
}

interface StepRequest {
  readonly manifest: ActionManifest
  readonly phase: 'main' | 'post'
  readonly inputs: Readonly<Record<string, string>>
  readonly state: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

interface StepFiles {
  readonly output: string
  readonly state: string
  readonly env: string
  readonly path: string
  readonly summary: string
}

interface FinishedRun {
  readonly phase: 'main' | 'post'
  readonly end: ProcessEnd
  readonly files: StepFiles
  readonly commands: CommandProcessor
  readonly log: string[]
  readonly seconds: number
}

/** Inputs as the runner hands them over: `INPUT_` and the name in capitals, blanks as `_`; unknown ones too. */
function inputVariables(
  manifest: ActionManifest,
  inputs: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>>,
  matrix: string,
): Record<string, string> {
  const defaults = [...manifest.inputs].map(([name, value]): [string, string] => [name, expand(value ?? '', env, matrix)])
  const variable = ([name, value]: [string, string]): [string, string] => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, value]
  return Object.fromEntries([...defaults, ...Object.entries(inputs)].map(variable))
}

/** The few expressions a default can hold. @throws Error for another */
function expand(text: string, env: Readonly<Record<string, string>>, matrix: string): string {
  return text.replace(/\$\{\{\s*([\w.()]+)\s*\}\}/g, (_, expression: string) => {
    if (expression === 'toJSON(matrix)') return matrix
    if (expression === 'github.token') return env.GITHUB_TOKEN ?? 'ghs_standintoken000000000000000000000000'
    const context = /^github\.(\w+)$/.exec(expression)?.[1]
    const value = context === undefined ? undefined : env[`GITHUB_${context.toUpperCase()}`]
    if (value === undefined) throw new Error(`the stand-in does not know \${{ ${expression} }}`)
    return value
  })
}

/** The status functions a `post-if` can consist of. @throws Error for another expression */
function holds(expression: string, status: 'success' | 'failure' | 'cancelled'): boolean {
  switch (expression.replace(/^\$\{\{(.*)\}\}$/, '$1').trim()) {
    case 'always()':
      return true
    case 'success()':
      return status === 'success'
    case 'failure()':
      return status === 'failure'
    case 'cancelled()':
      return status === 'cancelled'
    case '!cancelled()':
      return status !== 'cancelled'
    default:
      throw new Error(`the stand-in does not know post-if: ${expression}`)
  }
}
