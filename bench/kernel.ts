import { execFileSync } from 'node:child_process'
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { CompilerDirectory } from '../src/cache/compiler-directory.js'
import { addUp, type Compilations, compilationsSchema, describeHits, hitRate } from '../src/cache/compiler-note.js'
import { formatSettings, hostProgramSettings } from '../src/nix/configuration.js'
import { probeSandbox } from '../src/nix/sandbox.js'
import type { Runner } from '../src/ports/index.js'
import { createClock } from '../src/ports/real/clock.js'
import { createExec } from '../src/ports/real/exec.js'
import { createFiles } from '../src/ports/real/files.js'
import type { CacheStore } from '../src/ports/services.js'

// What ccache spares a kernel that Nix builds: cold, against the same tree with one more line in fs/xfs and the cache of the cold
// build brought back into an empty directory.
//
// Both are whole builds as a run has them: the tree is copied into a real store, configured, and compiled in a fresh build directory, in
// the sandbox where there is one. The warm one has the way back of the cache on top: its archive is unpacked as the cache's client
// does it.
//
// Usage: npm run bench:kernel [-- DIRECTORY] (default /var/tmp). BENCH_KERNEL_SOURCE: a kernel tree or a tarball of one.

const WARM_ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const COLD_ROUNDS = Number(process.env.BENCH_COLD_ROUNDS ?? 1)
/** The line goes here. */
const EDITED = 'fs/xfs/xfs_inode.c'
// scripts/bench.mjs runs benches in the checkout, from a bundle that lies elsewhere.
const checkout = process.cwd()

function refuse(what: string, nextStep: string): never {
  console.error(`${what}\n${nextStep}`)
  process.exit(2)
}

function findSource(): string {
  const named = process.env.BENCH_KERNEL_SOURCE
  if (named !== undefined && named !== '') {
    if (existsSync(named)) return named
    refuse(`BENCH_KERNEL_SOURCE: there is no ${named}.`, 'Name a kernel tree, or a tarball of one.')
  }
  const tarballs = existsSync('/usr/src') ? readdirSync('/usr/src').filter((name) => /^linux-source-.*\.tar\.xz$/.test(name)) : []
  const newest = tarballs.sort().at(-1)
  if (newest !== undefined) return join('/usr/src', newest)
  refuse(
    'There is no kernel source on this machine.',
    'Install one (`apt-get install linux-source`), or name a tree with BENCH_KERNEL_SOURCE=DIR.',
  )
}

function needPrograms(): void {
  const packages: Readonly<Record<string, string>> = {
    nix: 'nix-bin',
    ccache: 'ccache',
    gcc: 'gcc',
    flex: 'flex',
    bison: 'bison',
    bc: 'bc',
    zstd: 'zstd',
  }
  const has = (program: string) => execFileSync('sh', ['-c', `command -v ${program} || true`], { encoding: 'utf8' }) !== ''
  const missing = Object.keys(packages).filter((program) => !has(program))
  const headers = { '/usr/include/libelf.h': 'libelf-dev', '/usr/include/openssl/opensslv.h': 'libssl-dev' }
  const lacking = [
    ...missing.map((name) => packages[name]),
    ...Object.entries(headers).flatMap(([file, name]) => (existsSync(file) ? [] : [name])),
  ]
  if (lacking.length > 0) refuse('A kernel cannot be built here.', `Install what is missing: \`apt-get install ${lacking.join(' ')}\`.`)
}

needPrograms()
const given = findSource()
const place = process.argv[2] ?? '/var/tmp'
if (!existsSync(place)) refuse(`There is no directory ${place}.`, 'Make it, or name another one.')
// A sandbox has a /dev of its own.
if (realpathSync(place).startsWith('/dev'))
  refuse(`${place} is below /dev, which builders do not see.`, 'Mount a tmpfs elsewhere for a bench in memory.')
const root = mkdtempSync(join(realpathSync(place), 'vmtest-bench-kernel-'))
const store = join(root, 'nix/store')
const source = join(root, 'source')
const archive = join(root, 'ccache.tzst')

interface Measured {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

/** Our children's CPU time so far, in seconds. */
function cpuSeconds(): number {
  const fields =
    execFileSync('cat', [`/proc/${process.pid}/stat`], { encoding: 'utf8' })
      .split(') ')[1]
      ?.split(' ') ?? []
  return (Number(fields[13]) + Number(fields[14])) / 100
}

async function measure(body: () => unknown): Promise<Measured> {
  execFileSync('sync')
  const [wall, cpu] = [performance.now(), cpuSeconds()]
  await body()
  return { wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: cpuSeconds() - cpu }
}

const shell = (script: string, ...args: string[]) =>
  execFileSync('bash', ['-euo', 'pipefail', '-c', script, 'bench', ...args], { stdio: ['ignore', 'pipe', 'inherit'], encoding: 'utf8' })

function unpackSource(): void {
  mkdirSync(source)
  mkdirSync(join(root, 'tmp'))
  if (statSync(given).isDirectory()) shell('tar -cf - -C "$1" --exclude=./.git . | tar -xf - -C "$2"', given, source)
  else shell('tar -xf "$1" --strip-components=1 -C "$2"', given, source)
  if (existsSync(join(source, EDITED))) return
  rmSync(root, { recursive: true })
  refuse(`${given} has no ${EDITED}.`, 'Name the tree of a kernel with BENCH_KERNEL_SOURCE=DIR.')
}

/** Everything of the store that is not the cache of compilations. */
function forgetStore(): void {
  shell('if [ -d "$1" ]; then chmod -R u+w "$1"; rm -rf "$1"; fi', join(root, 'nix'))
}

class Build {
  readonly env: Record<string, string>

  constructor(
    readonly directory: CompilerDirectory,
    sandbox: boolean,
  ) {
    const seen = ['/bin', '/sbin', '/usr', '/lib', '/lib64'].filter((path) => existsSync(path))
    const settings = [
      ...hostProgramSettings([...seen, directory.path]),
      ['experimental-features', 'nix-command flakes'],
      ['build-users-group', ''],
      ['sandbox', String(sandbox)],
      ['sandbox-fallback', 'false'],
    ] as const
    this.env = {
      PATH: process.env.PATH ?? '/usr/bin:/bin',
      HOME: root,
      // Builders' directories too: on one kind of disk everything, and nothing left on another.
      TMPDIR: join(root, 'tmp'),
      XDG_CACHE_HOME: join(root, 'xdg'),
      NIX_STORE_DIR: store,
      NIX_STATE_DIR: join(root, 'nix/var/nix'),
      NIX_LOG_DIR: join(root, 'nix/log'),
      NIX_CONFIG: formatSettings(settings),
    }
  }

  run(): void {
    const expression = join(checkout, 'bench/kernel/kernel.nix')
    const argv = [expression, '--argstr', 'source', source, '--arg', 'checkout', checkout, '--no-out-link']
    try {
      execFileSync('nix-build', argv, { env: this.env, stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8', maxBuffer: 1 << 28 })
    } catch (error) {
      const said = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
      throw new Error(`nix-build failed:\n${said.split('\n').slice(-30).join('\n')}`)
    }
  }

  async compilations(): Promise<Compilations> {
    const reports = (await this.directory.reports()).map((text) => compilationsSchema.parse(JSON.parse(text)))
    const sum = addUp(reports)
    if (sum === null) throw new Error('no builder reported a compilation: ccache was not used')
    return sum
  }
}

interface Round extends Measured {
  readonly restoreSeconds: number
  readonly compilations: Compilations
}

/** An empty store and an empty cache, or the archived one. */
async function round(kind: 'cold' | 'warm', sandbox: boolean): Promise<Round> {
  forgetStore()
  const env = { ...process.env } as Record<string, string>
  const ports = {
    runner: { env } as unknown as Runner,
    exec: createExec(env),
    files: createFiles(),
    clock: createClock(),
    cacheStore: null as unknown as CacheStore,
  }
  const nix = { program: 'nix', version: '', origin: 'found', config: '', sandbox, notes: [] } as const
  const directory = await CompilerDirectory.open({ nix, storeDirectory: store, maxMiB: 512 }, ports)
  if (typeof directory === 'string') throw new Error(directory)
  const restored = await measure(async () => {
    if (kind === 'warm') shell('tar -xf "$1" -P -C / --use-compress-program unzstd', archive)
    await directory.handOver()
  })
  const build = new Build(directory, sandbox)
  const built = await measure(() => build.run())
  if (kind === 'cold') shell('tar --posix -cf "$1" --use-compress-program zstdmt -P -C / "$2"', archive, directory.path)
  return {
    wallSeconds: restored.wallSeconds + built.wallSeconds,
    cpuSeconds: restored.cpuSeconds + built.cpuSeconds,
    restoreSeconds: restored.wallSeconds,
    compilations: await build.compilations(),
  }
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

function row(name: string, one: Round): string {
  const cells = [one.wallSeconds, one.cpuSeconds, one.restoreSeconds, one.compilations.seconds].map((value) => value.toFixed(1).padStart(9))
  return `${name.padEnd(12)}${cells.join('')}   ${describeHits(one.compilations)}`
}

async function main(): Promise<void> {
  unpackSource()
  const { sandbox, reason } = await probeSandbox({ userNamespace: true }, { exec: createExec(process.env as Record<string, string>) })
  const version = /^(?:VERSION|PATCHLEVEL|SUBLEVEL) = \d+$/gm
  const release = (shell('head -5 "$1"', join(source, 'Makefile')).match(version) ?? []).map((line) => line.split(' = ')[1]).join('.')
  console.log(`Linux ${release} from ${given}, ${shell('nix --version').trim()}, ${shell('ccache --version').split('\n')[0]}`)
  console.log(
    `${cpus().length} CPUs, load ${loadavg()[0]?.toFixed(1)}, ${sandbox ? 'sandboxed' : `without sandbox (${reason})`}, in ${root}`,
  )
  console.log(`${''.padEnd(12)}   wall s    CPU s  restore s builders s`)
  const rounds: Record<'cold' | 'warm', Round[]> = { cold: [], warm: [] }
  for (let index = 0; index < Math.max(COLD_ROUNDS, WARM_ROUNDS); index++) {
    if (index < COLD_ROUNDS) {
      rounds.cold.push(await round('cold', sandbox))
      console.log(row(`cold ${index + 1}`, rounds.cold.at(-1) as Round))
    }
    if (index < WARM_ROUNDS) {
      appendFileSync(join(source, EDITED), `const char vmtest_bench_${index}[] = "one more line";\n`)
      rounds.warm.push(await round('warm', sandbox))
      console.log(row(`warm ${index + 1}`, rounds.warm.at(-1) as Round))
    }
  }
  const wall = (kind: 'cold' | 'warm') => median(rounds[kind].map(({ wallSeconds }) => wallSeconds))
  const cpu = (kind: 'cold' | 'warm') => median(rounds[kind].map((one) => one.cpuSeconds))
  console.log(
    `medians     cold ${wall('cold').toFixed(1)} s (${cpu('cold').toFixed(1)} CPU)   warm ${wall('warm').toFixed(1)} s (${cpu('warm').toFixed(1)} CPU)`,
  )
  console.log(`the cache: ${(statSync(archive).size / 1e6).toFixed(1)} MB as an archive`)
  const figures = {
    warmOverCold: Number((wall('warm') / wall('cold')).toFixed(3)),
    hitRate: Number(Math.min(...rounds.warm.map(({ compilations }) => hitRate(compilations))).toFixed(4)),
    cpuWarmOverCold: Number((cpu('warm') / cpu('cold')).toFixed(3)),
  }
  console.log(JSON.stringify(figures))
}

try {
  await main()
} finally {
  shell('chmod -R u+w "$1"; rm -rf "$1"', root)
}
