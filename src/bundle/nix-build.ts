import { resolve } from 'node:path'
import * as z from 'zod'
import { UserError } from '../domain/errors.js'
import type { BuildCount, NixEnvironment, Progress } from '../domain/stages.js'
import { openBuildLog } from '../kernel/build-log.js'
import { treePath } from '../kernel/compiler-messages.js'
import { ErrorScreen } from '../kernel/error-screen.js'
import { noteObjects, ObjectCount, objectsNoted } from '../kernel/object-count.js'
import { type NixSettings, nixVariables } from '../nix/configuration.js'
import type { Ports } from '../ports/index.js'
import { explainFailure, failedBuild, missingAttributeSystem } from './nix-failure.js'
import { type BuilderLog, describeEvent, type NixLogEvent, NixLogReader, plainText, storeName } from './nix-log.js'
import { NixWaiting } from './nix-waiting.js'

export interface NixBuildRequest {
  readonly nix: NixEnvironment
  /** `FLAKE#ATTRIBUTE`. */
  readonly installable: string
  readonly impure: boolean
  /** Where relative flake references start. */
  readonly cwd: string
  readonly settings?: NixSettings
  /** Further variables, which an impure evaluation may read. */
  readonly variables?: Readonly<Record<string, string>>
  /** A link that keeps the result from being collected; its directory must exist. Absent: nothing keeps it. */
  readonly outLink?: string
  /** The whole log of every builder goes here, where given. */
  readonly logPath?: string
  /** True: after a kernel's first error its build goes on. */
  readonly keepGoing?: boolean
  /** Where it is noted how many objects a kernel's build made. */
  readonly notePath?: string
  /** Ends it. */
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: Progress) => void
}

/** How a build ended; its logs are there either way. */
export type NixBuildResult =
  | {
      readonly kind: 'built'
      readonly outPath: string
      readonly drvPath: string
      readonly seconds: number
      /** Of each derivation that was built, by its path. */
      readonly buildSeconds: ReadonlyMap<string, number>
      readonly logs: readonly BuilderLog[]
    }
  | { readonly kind: 'failed'; readonly error: UserError; readonly logs: readonly BuilderLog[] }

type BuildPorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/** `nix build --json`: outputs by name. Newer Nix adds fields. */
const resultSchema = z.array(z.looseObject({ drvPath: z.string(), outputs: z.record(z.string(), z.string()) })).min(1)

/** Lines kept of a log that is read once more. */
const KEPT_LINES = 2000

/** A builder of a kernel: its objects are counted, and its first error is enough. */
const KERNEL = /^linux(?:-|$)/

/** Shows what Nix does as it happens, and keeps the whole log. */
class LiveLog {
  readonly reader = new NixLogReader()
  readonly #request: NixBuildRequest
  readonly #ports: BuildPorts
  readonly #append: (text: string) => void
  readonly #waiting: NixWaiting
  readonly #screens = new Map<string, ErrorScreen>()
  readonly #counts = new Map<string, ObjectCount>()
  readonly #about: number | null
  #message: string | null = null
  /** The kernel's derivation, once its make said that a program failed. */
  failed: string | null = null

  constructor(request: NixBuildRequest, ports: BuildPorts, { append, about }: { append: (text: string) => void; about: number | null }) {
    this.#about = about
    this.#request = request
    this.#ports = ports
    this.#append = append
    this.#waiting = new NixWaiting(request.installable)
    this.#tellWaiting()
  }

  feed(line: string): void {
    const now = this.#ports.clock.monotonicSeconds()
    for (const event of this.reader.feed(line, now)) this.#show(event, now)
  }

  /** Objects of the kernel that was built; 0 where none was. */
  get objects(): number {
    return Math.max(0, ...[...this.#counts.values()].map(({ done }) => done))
  }

  /** Nothing is waited for any longer. */
  end(): void {
    for (const screen of this.#screens.values()) screen.flush()
    this.#request.onProgress?.({ kind: 'waiting', message: null })
    for (const derivation of this.#counts.keys()) this.#tellBuild(derivation, null)
  }

  #show(event: NixLogEvent, now: number): void {
    this.#waiting.feed(event)
    this.#tellWaiting()
    if (event.kind === 'log') this.#builderLine(event.derivation, event.line, now)
    if (event.kind === 'message') this.#append(`${event.text}\n`)
    const line = describeEvent(event)
    if (line !== null) this.#ports.runner.info(line)
  }

  #builderLine(derivation: string, line: string, now: number): void {
    const name = storeName(derivation)
    this.#append(`${name}> ${line}\n`)
    const screen = this.#screenOf(derivation)
    screen.feed(line)
    if (!KERNEL.test(name)) return
    if (screen.failed) this.failed ??= derivation
    const count = this.#counts.get(derivation) ?? new ObjectCount(this.#about)
    this.#counts.set(derivation, count)
    if (count.feed(line, now)) this.#tellBuild(derivation, count.counted)
  }

  #screenOf(derivation: string): ErrorScreen {
    const there = this.#screens.get(derivation)
    if (there !== undefined) return there
    const screen = new ErrorScreen((lines) => this.#ports.runner.untrusted(lines.map(inTree).join('\n')))
    this.#screens.set(derivation, screen)
    return screen
  }

  #tellBuild(derivation: string, counted: BuildCount | null): void {
    this.#request.onProgress?.({ kind: 'build', what: storeName(derivation), counted })
  }

  #tellWaiting(): void {
    const { message } = this.#waiting
    if (message === this.#message) return
    this.#message = message
    this.#request.onProgress?.({ kind: 'waiting', message })
  }
}

/** A line of a compiler with the path in the tree, where it begins with one in the builder's directory. */
function inTree(line: string): string {
  const [path = ''] = line.split(/[:\s]/, 1)
  return path.includes('/') ? treePath(path) + line.slice(path.length) : line
}

/**
 * `nix build` with a live view, in words every Nix since 2.8 knows (`--print-out-paths` came later).
 * A failure is a value: an error of kind `build-failed` with the first compiler error, or a known problem with its cure.
 * @throws UserError (`could-not-test`) where nix cannot be started or the log cannot be written
 */
export async function nixBuild(request: NixBuildRequest, ports: BuildPorts): Promise<NixBuildResult> {
  const { nix, installable } = request
  const log = await openBuildLog(request.logPath, ports.files)
  const live = new LiveLog(request, ports, { append: log.append, about: await objectsNoted(request.notePath, ports.files) })
  const ending = new AbortController()
  const started = ports.clock.monotonicSeconds()
  const argv = [
    nix.program,
    'build',
    installable,
    '--json',
    ...(request.outLink === undefined ? ['--no-link'] : ['--out-link', request.outLink]),
    '--log-format',
    'internal-json',
    ...(request.impure ? ['--impure'] : []),
  ]
  const result = await ports.exec.run(argv, {
    cwd: request.cwd,
    env: { ...nixVariables(nix, ports.runner.env, request.settings), ...request.variables },
    // Nix then ends its builders, which run in sessions of their own.
    dieWithParent: 'SIGTERM',
    ...(request.signal === undefined ? { signal: ending.signal } : { signal: AbortSignal.any([request.signal, ending.signal]) }),
    onStderrLine: (line) => {
      live.feed(line)
      if (live.failed !== null && request.keepGoing !== true) ending.abort()
    },
  })
  live.end()
  await log.close()
  if (result.code === 0) await noteObjects(request.notePath, live.objects, ports.files)
  const { errors, messages, buildSeconds } = live.reader
  const logs = result.code === 0 ? live.reader.logs : await completeLogs(live.reader, request, ports)
  if (result.code !== 0) {
    const system = missingAttributeSystem(errors)
    const flake = installable.split('#')[0] ?? ''
    const available = system === null ? null : await packageAttributes({ ...request, flake, system }, ports)
    const hostPrograms = (request.settings ?? []).some(([name]) => name === 'sandbox-paths')
    const kept = { errors, messages: [...messages, ...(await wordsOfGit(errors, request, ports))], logs, logPath: request.logPath ?? null }
    const ended = ending.signal.aborted ? live.failed : null
    const failure = { installable, ...kept, hostPrograms, exitCode: result.code, available, ended }
    return { kind: 'failed', error: explainFailure(failure), logs }
  }
  const built = resultSchema.safeParse(parseJson(result.stdout)).data?.[0]
  const outPath = built?.outputs.out ?? Object.values(built?.outputs ?? {})[0]
  if (built === undefined || outPath === undefined) {
    throw new UserError(`\`nix build ${installable} --json\` printed no output path.`, 'Report this with the version of Nix in use.', {
      kind: 'could-not-test',
    })
  }
  return { kind: 'built', outPath, drvPath: built.drvPath, seconds: ports.clock.monotonicSeconds() - started, buildSeconds, logs }
}

/** Why git does not work with the flake's tree, as git says it: of one that failed Nix 2.8 says its exit status alone. */
async function wordsOfGit(
  errors: readonly string[],
  { installable, cwd }: NixBuildRequest,
  { exec }: Pick<Ports, 'exec'>,
): Promise<readonly string[]> {
  if (!errors.some((error) => error.includes("program 'git' failed")) || (await exec.which('git')) === null) return []
  const path = /^(?:git\+file:(?:\/\/)?)?([./][^?#]*)/.exec(installable)?.[1] ?? '.'
  const directory = resolve(cwd, path)
  const { code, stderr } = await exec.run(['git', '-C', directory, 'status', '--porcelain', '--untracked-files=no'], { timeoutSeconds: 60 })
  return code === 0 ? [] : [stderr.trim()]
}

/**
 * The builders' output, with that of the one that failed taken from `nix log` where its lines came blank: from Nix 2.34 on an event drops
 * what stands before a carriage return (libutil/logging.cc, `filterANSIEscapes`), so of a builder that ends its lines with CR LF nothing is left.
 */
async function completeLogs(
  reader: NixLogReader,
  { nix, cwd }: NixBuildRequest,
  ports: Pick<Ports, 'exec' | 'runner'>,
): Promise<readonly BuilderLog[]> {
  const derivation = failedBuild(reader.errors)?.derivation
  if (derivation === undefined) return reader.logs
  const seen = reader.logs.find((log) => log.derivation === derivation)
  if (seen?.lines.some((line) => line.trim() !== '') === true && !seen.lines.some((line) => line === '')) return reader.logs
  const argv = [nix.program, 'log', derivation]
  const { code, stdout } = await ports.exec.run(argv, { cwd, env: nixVariables(nix, ports.runner.env), timeoutSeconds: 60 })
  const lines = plainText(stdout).split('\n').slice(-KEPT_LINES)
  if (code !== 0 || lines.every((line) => line.trim() === '')) return reader.logs
  return [...reader.logs.filter((log) => log.derivation !== derivation), { derivation, lines }]
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** The attributes a flake offers under `packages.SYSTEM`, or null where that cannot be evaluated. */
export async function packageAttributes(
  request: Pick<NixBuildRequest, 'nix' | 'cwd' | 'impure'> & { readonly flake: string; readonly system: string },
  ports: Pick<Ports, 'exec' | 'runner'>,
): Promise<readonly string[] | null> {
  const argv = [request.nix.program, 'eval', '--json', `${request.flake}#packages.${request.system}`, '--apply', 'builtins.attrNames']
  const result = await ports.exec.run(request.impure ? [...argv, '--impure'] : argv, {
    cwd: request.cwd,
    env: nixVariables(request.nix, ports.runner.env),
    dieWithParent: 'SIGTERM',
    timeoutSeconds: 120,
  })
  return z.array(z.string()).safeParse(parseJson(result.stdout)).data ?? null
}
