import { resolve } from 'node:path'
import * as z from 'zod'
import { UserError } from '../domain/errors.js'
import type { NixEnvironment } from '../domain/stages.js'
import { type NixSettings, nixVariables } from '../nix/configuration.js'
import type { Ports } from '../ports/index.js'
import { explainFailure, failedBuild, missingAttributeSystem } from './nix-failure.js'
import { type BuilderLog, describeEvent, type NixLogEvent, NixLogReader, plainText, storeName } from './nix-log.js'

export interface NixBuildRequest {
  readonly nix: NixEnvironment
  /** `FLAKE#ATTRIBUTE`. */
  readonly installable: string
  readonly impure: boolean
  /** Where relative flake references start. */
  readonly cwd: string
  readonly settings?: NixSettings
  /** A link that keeps the result from being collected; its directory must exist. Absent: nothing keeps it. */
  readonly outLink?: string
  /** The whole log of every builder goes here, where given. */
  readonly logPath?: string
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

/** A builder that says nothing new for people is still heard of this often. */
const HEARTBEAT_SECONDS = 30

/** Prints what Nix does as it happens, and keeps the whole log. */
class LiveLog {
  readonly reader = new NixLogReader()
  readonly #ports: BuildPorts
  readonly #append: (text: string) => void
  #lastShown: number

  constructor(ports: BuildPorts, append: (text: string) => void) {
    this.#ports = ports
    this.#append = append
    this.#lastShown = ports.clock.monotonicSeconds()
  }

  feed(line: string): void {
    const now = this.#ports.clock.monotonicSeconds()
    for (const event of this.reader.feed(line, now)) this.#show(event, now)
  }

  #show(event: NixLogEvent, now: number): void {
    if (event.kind === 'log') {
      this.#append(`${storeName(event.derivation)}> ${event.line}\n`)
      if (now - this.#lastShown < HEARTBEAT_SECONDS) return
      this.#lastShown = now
      this.#ports.runner.untrusted(`${storeName(event.derivation)}> ${event.line}`)
      return
    }
    if (event.kind === 'message') this.#append(`${event.text}\n`)
    const line = describeEvent(event)
    if (line === null) return
    this.#lastShown = now
    this.#ports.runner.info(line)
  }
}

/** Appends in order without making the reader wait; `close` waits for the last one and tells of a full disk. */
async function openLog(
  path: string | undefined,
  files: Ports['files'],
): Promise<{ append: (text: string) => void; close: () => Promise<void> }> {
  if (path === undefined) return { append: () => undefined, close: async () => undefined }
  const file = await files.openAppend(path)
  let tail = Promise.resolve()
  let failure: unknown
  return {
    append: (text) => {
      tail = tail
        .then(() => file.append(text))
        .catch((error: unknown) => {
          failure = error
        })
    },
    close: async () => {
      await tail
      await file.close()
      if (failure !== undefined)
        throw new UserError(`The build log ${path} cannot be written.`, 'Free disk space.', { cause: failure, kind: 'could-not-test' })
    },
  }
}

/**
 * `nix build` with a live view, in words every Nix since 2.8 knows (`--print-out-paths` came later).
 * A failure is a value: an error of kind `build-failed` with the first compiler error, or a known problem with its cure.
 * @throws UserError (`could-not-test`) where nix cannot be started or the log cannot be written
 */
export async function nixBuild(request: NixBuildRequest, ports: BuildPorts): Promise<NixBuildResult> {
  const { nix, installable } = request
  const log = await openLog(request.logPath, ports.files)
  const live = new LiveLog(ports, log.append)
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
    env: nixVariables(nix, ports.runner.env, request.settings),
    // Nix then ends its builders, which run in sessions of their own.
    dieWithParent: 'SIGTERM',
    onStderrLine: (line) => live.feed(line),
  })
  await log.close()
  const { errors, messages, buildSeconds } = live.reader
  const logs = result.code === 0 ? live.reader.logs : await completeLogs(live.reader, request, ports)
  if (result.code !== 0) {
    const system = missingAttributeSystem(errors)
    const flake = installable.split('#')[0] ?? ''
    const available = system === null ? null : await packageAttributes({ ...request, flake, system }, ports)
    const hostPrograms = (request.settings ?? []).some(([name]) => name === 'sandbox-paths')
    const kept = { errors, messages: [...messages, ...(await wordsOfGit(errors, request, ports))], logs, logPath: request.logPath ?? null }
    const failure = { installable, ...kept, hostPrograms, exitCode: result.code, available }
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
