import { dirname, join } from 'node:path'
import * as z from 'zod'
import { lastLine } from '../domain/errors.js'
import type { NixEnvironment } from '../domain/stages.js'
import { nixVariables } from '../nix/configuration.js'
import { firstAnswer, SHOW_CONFIG, settingIn } from '../nix/show-config.js'
import type { CommandResult } from '../ports/exec.js'
import type { Ports } from '../ports/index.js'
import { formatRegistrations, parseRegistrations, type Registration } from './registration.js'

type StagePorts = Pick<Ports, 'exec' | 'files' | 'runner'>

/** From 2.33 on a format should be named, and a later Nix will insist on it; older ones do not know the option. */
const PATH_INFO = [[], ['--json-format', '1'], ['--json-format', '2']].map((format) => [
  '--extra-experimental-features',
  'nix-command',
  'path-info',
  '--json',
  ...format,
])
/** Store paths on one command line: well below the kernel's limit of 2 MiB for all arguments. */
const PATHS_AT_ONCE = 2000

/**
 * The local Nix store, as far as the cache touches it: the database through `nix-store`, files through `tar` and `mv`.
 * Where the store belongs to root and we do not, `sudo -n` writes.
 */
export class NixStore {
  private constructor(
    readonly directory: string,
    readonly stateDirectory: string,
    private readonly programs: string,
    private readonly environment: Readonly<Record<string, string>>,
    private readonly prefix: readonly string[],
    private readonly ports: StagePorts,
  ) {}

  /** @returns the store, or a sentence on why it cannot be written */
  static async open(nix: NixEnvironment, ports: StagePorts): Promise<NixStore | string> {
    const { env } = ports.runner
    const directory = env.NIX_STORE_DIR ?? '/nix/store'
    const state = env.NIX_STATE_DIR ?? '/nix/var/nix'
    const environment = nixVariables(nix, env)
    const store = (prefix: readonly string[]) => new NixStore(directory, state, dirname(nix.program), environment, prefix, ports)
    // A fresh single-user store has no directory yet: the first nix command makes it.
    await store([]).#nix(['nix-store', '--check-validity'])
    if ((await ports.files.canReadWrite(directory)) && (await ports.files.canReadWrite(join(state, 'db')))) return store([])
    const sudo = await ports.exec.which('sudo')
    if (sudo === null) return `${directory} belongs to another user and there is no sudo`
    const asRoot = [
      sudo,
      '-n',
      'env',
      `NIX_CONFIG=${environment.NIX_CONFIG ?? ''}`,
      ...keep(env, 'NIX_STORE_DIR'),
      ...keep(env, 'NIX_STATE_DIR'),
    ]
    const asked = await ports.exec.run([sudo, '-n', 'true'], { timeoutSeconds: 20 })
    if (asked.code !== 0) return `${directory} belongs to another user and sudo asks for a password`
    // A daemon makes its store's directory when it first needs it.
    await ports.exec.run([...asRoot, join(dirname(nix.program), 'nix-store'), '--check-validity'], { timeoutSeconds: 20 })
    const writable = await ports.exec.run([...asRoot, 'test', '-w', directory], { timeoutSeconds: 20 })
    return writable.code === 0 ? store(asRoot) : `root cannot write ${directory} (read-only?)`
  }

  /** Those of the paths the database does not know as valid. */
  async invalid(paths: readonly string[]): Promise<ReadonlySet<string>> {
    const results = await this.#chunked(paths, (some) => this.#nix(['nix-store', '--check-validity', '--print-invalid', ...some]))
    return new Set(results.flatMap((result) => result.stdout.split('\n').filter((line) => line !== '')))
  }

  /** The closure of a path with its registration. @throws Error where nix-store fails */
  async closure(path: string): Promise<readonly Registration[]> {
    const listed = expectSuccess(await this.#nix(['nix-store', '--query', '--requisites', path]))
    const dumps = await this.#chunked(lines(listed.stdout), (some) => this.#nix(['nix-store', '--dump-db', ...some]))
    return dumps.flatMap((dump) => parseRegistrations(expectSuccess(dump).stdout))
  }

  /**
   * Signatures by path: only their presence counts, `nix-store --verify` checked them when the path came in.
   * @throws Error where this Nix does not say
   */
  async signatures(path: string): Promise<ReadonlyMap<string, readonly string[]>> {
    return parsePathInfo(await this.#firstAnswer(PATH_INFO.map((words) => [...words, '--recursive', path])))
  }

  /** Names of the keys the configuration trusts. @throws Error where this Nix does not say */
  async trustedKeyNames(): Promise<readonly string[]> {
    return parseTrustedKeys(await this.#firstAnswer(SHOW_CONFIG))
  }

  /** Registers paths that are on disk. @throws Error where Nix refuses */
  async register(registrations: readonly Registration[]): Promise<void> {
    expectSuccess(await this.#nix(['nix-store', '--load-db'], { write: true, input: formatRegistrations(registrations) }))
  }

  /** Fetches paths an upstream cache has. @returns false where one cannot be had */
  async fetch(paths: readonly string[], timeoutSeconds: number): Promise<boolean> {
    const result = await this.#nix(['nix-store', '--realise', '--max-jobs', '0', ...paths], { timeoutSeconds })
    return result.code === 0
  }

  /** Sha256 of each path's NAR, in hexadecimal. Null where one cannot be read. */
  async narHashes(paths: readonly string[]): Promise<readonly string[] | null> {
    const results = await this.#chunked(paths, (some) => this.#nix(['nix-hash', '--type', 'sha256', ...some]))
    const hashes = results.flatMap((result) => (result.code === 0 ? lines(result.stdout) : []))
    return hashes.length === paths.length && hashes.every((hash) => /^[0-9a-f]{64}$/.test(hash)) ? hashes : null
  }

  /** Keeps paths from the garbage collector, in place of those kept before. */
  async keep(paths: readonly string[]): Promise<void> {
    const roots = join(this.stateDirectory, 'gcroots', 'kernel-vmtest')
    await this.run(['rm', '-rf', roots])
    await this.run(['mkdir', '-p', roots])
    await this.#chunked(paths, (some) => this.run(['ln', '-s', '-t', roots, ...some]))
  }

  /** Runs a program with the right to write into the store. */
  run(argv: readonly string[], timeoutSeconds = 900): Promise<CommandResult> {
    return this.ports.exec.run([...this.prefix, ...argv], { env: this.environment, timeoutSeconds })
  }

  /** True where files in the store come to belong to root. */
  get writesAsRoot(): boolean {
    return this.prefix.length > 0
  }

  #nix([program = '', ...args]: readonly string[], options: { write?: boolean; input?: string; timeoutSeconds?: number } = {}) {
    const argv = [...(options.write === true ? this.prefix : []), join(this.programs, program), ...args]
    const { input, timeoutSeconds = 600 } = options
    return this.ports.exec.run(argv, {
      env: this.environment,
      dieWithParent: 'SIGTERM',
      timeoutSeconds,
      ...(input === undefined ? {} : { input }),
    })
  }

  /** What the first of a `nix` command's spellings that this version takes prints. @throws Error with what the last one said */
  async #firstAnswer(spellings: readonly (readonly string[])[]): Promise<string> {
    const { code, stdout, stderr } = await firstAnswer(spellings, (words) => this.#nix(['nix', ...words]))
    if (code === 0) return stdout
    throw new Error(`nix ${spellings.at(-1)?.join(' ') ?? ''}: ${lastLine(stderr)}`)
  }

  async #chunked(paths: readonly string[], body: (some: readonly string[]) => Promise<CommandResult>): Promise<readonly CommandResult[]> {
    const results: CommandResult[] = []
    for (let at = 0; at < paths.length; at += PATHS_AT_ONCE) results.push(await body(paths.slice(at, at + PATHS_AT_ONCE)))
    return results
  }
}

/**
 * `nix path-info --json`: a list before Nix 2.19, an object by path since; in format 2 (Nix 2.33) an object by name below `info`, beside
 * the store's directory. @throws Error for anything else
 */
export function parsePathInfo(text: string): ReadonlyMap<string, readonly string[]> {
  return new Map(pathInfoSchema.parse(JSON.parse(text)))
}

const signed = z.looseObject({ signatures: z.array(z.string()).default([]) })
/** A path that is not valid is null. */
const byPath = z.record(z.string(), signed.nullable()).transform((paths) => Object.entries(paths))
const withoutInvalid = (paths: readonly (readonly [string, z.infer<typeof signed> | null])[]) =>
  paths.flatMap(([path, known]) => (known === null ? [] : [[path, known.signatures] as const]))

const pathInfoSchema = z
  .union([
    z.array(signed.extend({ path: z.string() })).transform((paths) => paths.map((one) => [one.path, one] as const)),
    z
      .object({ info: byPath, storeDir: z.string() })
      .transform(({ info, storeDir }) => info.map(([name, known]) => [join(storeDir, name), known] as const)),
    byPath,
  ])
  .transform(withoutInvalid)

function parseTrustedKeys(text: string): readonly string[] {
  const value = settingIn(text, 'trusted-public-keys')
  const keys = Array.isArray(value) ? value.map(String) : typeof value === 'string' ? value.split(/\s+/) : []
  return keys.map((key) => key.split(':')[0] ?? '').filter((name) => name !== '')
}

function expectSuccess(result: CommandResult): CommandResult {
  if (result.code === 0) return result
  throw new Error(lines(result.stderr).at(-1) ?? `it ended with ${result.code ?? result.signal ?? 'nothing'}`)
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

function keep(env: Readonly<Record<string, string | undefined>>, name: string): readonly string[] {
  const value = env[name]
  return value === undefined ? [] : [`${name}=${value}`]
}
