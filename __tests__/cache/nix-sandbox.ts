import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { NixLogReader } from '../../src/bundle/nix-log.js'
import type { Plan } from '../../src/domain/plan.js'
import type { NixEnvironment } from '../../src/domain/stages.js'
import type { Runner } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import type { CacheRestore, CacheSave, CacheStore } from '../../src/ports/services.js'

export const NIX = ['/usr/bin/nix', '/run/current-system/sw/bin/nix'].find((path) => existsSync(path)) ?? null

const CONFIG = [
  'experimental-features = nix-command flakes',
  'build-users-group =',
  'substituters =',
  'sandbox = false',
  'trusted-public-keys = upstream-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=',
].join('\n')

/** The workflow's cache in memory of a test: entries are copies of directories, newest first by prefix. */
export class FakeCache implements CacheStore {
  readonly entries: { key: string; path: string; copy: string }[] = []
  readonly asked: string[] = []
  canWrite = true
  refuse: string | null = null

  constructor(private readonly directory: string) {}

  available(): boolean {
    return true
  }

  writable(): boolean {
    return this.canWrite
  }

  async restore(paths: readonly string[], key: string, restoreKeys: readonly string[]): Promise<CacheRestore> {
    const [path = ''] = paths
    this.asked.push(key)
    if (this.refuse !== null) return { kind: 'failed', reason: this.refuse }
    for (const prefix of [key, ...restoreKeys]) {
      const found = this.entries.findLast((entry) => basename(entry.path) === basename(path) && entry.key.startsWith(prefix))
      if (found === undefined) continue
      await cp(found.copy, path, { recursive: true, preserveTimestamps: true })
      return { kind: 'hit', key: found.key, exact: found.key === key }
    }
    return { kind: 'miss' }
  }

  async save(paths: readonly string[], key: string): Promise<CacheSave> {
    const [path = ''] = paths
    if (!this.canWrite) throw new Error('nothing may be saved')
    if (this.entries.some((entry) => entry.key === key && entry.path === path)) return { kind: 'exists' }
    const copy = join(this.directory, String(this.entries.length))
    await cp(path, copy, { recursive: true, preserveTimestamps: true })
    this.entries.push({ key, path, copy })
    return { kind: 'saved' }
  }

  /** The one entry whose key has this in it. */
  file(part: string, name: string): string {
    const found = this.entries.find((entry) => entry.key.includes(part))
    if (found === undefined) throw new Error(`no entry with ${part}`)
    return join(found.copy, name)
  }
}

/** A Nix store of its own, a flake in a git repository, and a cache that outlives the store. */
export class NixSandbox {
  run = 1
  /** Of the last build, as its log has them: by derivation. */
  times: ReadonlyMap<string, number> = new Map()
  readonly cache: FakeCache

  private constructor(readonly directory: string) {
    this.cache = new FakeCache(join(directory, 'cache'))
  }

  static async create(): Promise<NixSandbox> {
    const sandbox = new NixSandbox(await mkdtemp(join(tmpdir(), 'vmtest-store-')))
    await mkdir(join(sandbox.directory, 'cache'))
    await mkdir(sandbox.repository)
    sandbox.git('init', '-q')
    await sandbox.commit({ 'flake.nix': '{ }', 'kernel.txt': 'kernel 1', 'suite.txt': 'suite 1' })
    return sandbox
  }

  get repository(): string {
    return join(this.directory, 'repository')
  }

  get storeDirectory(): string {
    return join(this.directory, 'nix/store')
  }

  get env(): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: this.directory,
      XDG_CACHE_HOME: join(this.directory, 'xdg'),
      NIX_STORE_DIR: this.storeDirectory,
      NIX_STATE_DIR: join(this.directory, 'nix/var'),
      NIX_LOG_DIR: join(this.directory, 'nix/log'),
      GITHUB_WORKSPACE: this.repository,
      GITHUB_RUN_ID: String(this.run),
      RUNNER_TEMP: join(this.directory, 'temp'),
    }
  }

  readonly nix: NixEnvironment = { program: NIX ?? '', version: '', origin: 'found', config: CONFIG, sandbox: false, notes: [] }

  get ports() {
    const { env } = this
    const runner = { env } as Runner
    return { runner, exec: createExec(env), files: createFiles(), clock: createClock(), cacheStore: this.cache }
  }

  plan(further: Partial<Plan> = {}): Plan {
    const bundle = { kind: 'flake', flake: '.', attribute: 'vmtest', impure: false } as const
    return { cache: true, bundle, ...further } as Plan
  }

  git(...args: string[]): string {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org']
    return execFileSync('git', ['-C', this.repository, ...identity, ...args], { encoding: 'utf8' }).trim()
  }

  async commit(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(this.repository, name), text)
    this.git('add', '.')
    this.git('commit', '-q', '--allow-empty', '-m', 'change')
  }

  nixCommand(program: string, ...args: string[]): string {
    const env = { ...this.env, NIX_CONFIG: CONFIG }
    return execFileSync(join(NIX ?? '', '..', program), args, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  }

  /** Builds a bundle of the repository's texts: kernel, suite and a tool the suite needs. @returns its store path */
  async build(): Promise<string> {
    const text = (name: string) => readFile(join(this.repository, name), 'utf8')
    const expression = join(this.directory, 'bundle.nix')
    await writeFile(expression, bundleExpression(await text('kernel.txt'), await text('suite.txt')))
    const reader = new NixLogReader()
    const argv = [join(NIX ?? '', '..', 'nix-build'), '--no-out-link', '--log-format', 'internal-json', expression]
    const { exec } = this.ports
    const env = { ...this.env, NIX_CONFIG: CONFIG }
    const built = await exec.run(argv, { env, onStderrLine: (line) => reader.feed(line, performance.now() / 1000) })
    if (built.code !== 0) throw new Error(built.stderr)
    this.times = reader.buildSeconds
    return built.stdout.trim()
  }

  /** Another machine: the same cache, an empty store. */
  async forgetStore(): Promise<void> {
    execFileSync('chmod', ['-R', 'u+w', join(this.directory, 'nix')])
    await rm(join(this.directory, 'nix'), { recursive: true, force: true })
    this.run++
  }

  valid(path: string): boolean {
    try {
      this.nixCommand('nix-store', '--check-validity', path)
      return true
    } catch {
      return false
    }
  }

  async onDisk(path: string): Promise<boolean> {
    return stat(path).then(
      () => true,
      () => false,
    )
  }

  async remove(): Promise<void> {
    execFileSync('chmod', ['-R', 'u+w', this.directory])
    await rm(this.directory, { recursive: true, force: true })
  }
}

function bundleExpression(kernel: string, suite: string): string {
  const derive = (name: string, script: string) =>
    `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-c" ''${script}'' ]; }`
  return `let
    lib = ${derive('lib', 'seq 1 20000 > $out')};
    tool = ${derive('qemu', `mkdir -p $out/bin; echo \${lib} > $out/bin/qemu; chmod 755 $out/bin/qemu; ln -s qemu $out/bin/q`)};
    suite = ${derive('suite', `mkdir -p $out/tests; echo ${suite} > $out/root.img; ln $out/root.img $out/tests/same; echo \${lib} > $out/tests/uses; echo $out > $out/self`)};
    kernel = ${derive('kernel', `mkdir $out; echo ${kernel} > $out/bzImage; seq 1 30000 > $out/vmlinux`)};
    modules = ${derive('modules', `mkdir -p $out/lib/modules; ln -s \${kernel} $out/lib/modules/build`)};
  in ${derive(
    'vmtest',
    `mkdir $out; cp /dev/null $out/initrd; echo '{"version":1,"kernel":{"image":"\${kernel}/bzImage","modules":"\${modules}"},"initrd":"initrd","rootImage":"\${suite}/root.img","qemu":"\${tool}/bin/qemu","suites":[]}' > $out/vmtest.json`,
  )}`
}
