import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { pack, unpack } from '../src/cache/archive.js'
import { bundleRoots } from '../src/cache/bundle-roots.js'
import { NixStore } from '../src/cache/nix-store.js'
import { partition } from '../src/cache/partition.js'
import type { Registration } from '../src/cache/registration.js'
import type { Archive } from '../src/cache/store-index.js'
import type { Runner } from '../src/ports/index.js'
import { createExec } from '../src/ports/real/exec.js'
import { createFiles } from '../src/ports/real/files.js'

// What a store cache costs: ours against a tar of all of /nix, nix-store --export, and a file:// binary cache.
//
// A real Nix store is filled with a closure made of this machine's own files. Each design turns it into the one file the cache
// client uploads and back into a valid store on a file system of its own. The transport
// is the same for all and not measured; the client's own tar around a directory is.
//
// Usage: npm run bench:store [-- DIRECTORY]. As root, every store lies on an ext4 made for it, in an image below DIRECTORY: what a
// runner has, and no restore pays for the files of the one before. Else the stores lie in DIRECTORY as they are. Default: /dev/shm
// where it and the memory have room, which keeps the neighbours' disk traffic out; /var/tmp otherwise.

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3)
const MINIMUM = { bytes: 1.5 * 1024 ** 3, files: 50_000 }
const CONFIG = 'experimental-features = nix-command flakes\nbuild-users-group =\nsubstituters =\nsandbox = false\nrequire-sigs = false\n'

const root = mkdtempSync(join(process.argv[2] ?? roomyDirectory(), 'vmtest-bench-store-'))
const disk = join(root, 'disk')
const nixRoot = join(disk, 'nix')
const DISK_BYTES = 12 * 1024 ** 3
const env: Record<string, string> = {
  PATH: process.env.PATH ?? '/usr/bin:/bin',
  HOME: root,
  XDG_CACHE_HOME: join(root, 'xdg'),
  NIX_STORE_DIR: join(nixRoot, 'store'),
  NIX_STATE_DIR: join(nixRoot, 'var/nix'),
  NIX_LOG_DIR: join(nixRoot, 'log'),
  NIX_CONFIG: CONFIG,
}
const nixProgram = execFileSync('sh', ['-c', 'command -v nix'], { encoding: 'utf8' }).trim()
const ports = { runner: { env } as unknown as Runner, exec: createExec(env), files: createFiles() }

function roomyDirectory(): string {
  const needed = 16 * 1024 ** 3
  const shared = existsSync('/dev/shm') ? statfsSync('/dev/shm') : null
  const available = Number(/^MemAvailable: +(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0) * 1024
  return shared !== null && shared.bavail * shared.bsize >= needed && available >= needed ? '/dev/shm' : '/var/tmp'
}

interface Measured {
  readonly wallSeconds: number
  readonly cpuSeconds: number
}

/** Our children's CPU time so far (and our own), in seconds. */
function cpuSeconds(): number {
  const [utime = 0, stime = 0, cutime = 0, cstime = 0] =
    execFileSync('cat', [`/proc/${process.pid}/stat`], { encoding: 'utf8' })
      .split(') ')[1]
      ?.split(' ')
      .slice(11, 15)
      .map(Number) ?? []
  return (utime + stime + cutime + cstime) / 100
}

async function measure(body: () => unknown): Promise<Measured> {
  // What the step before wrote; the file system's own, not that of everything on the machine.
  execFileSync('sync', ['--file-system', existsSync(disk) ? disk : root])
  const [wall, cpu] = [performance.now(), cpuSeconds()]
  await body()
  return { wallSeconds: (performance.now() - wall) / 1000, cpuSeconds: cpuSeconds() - cpu }
}

const shell = (script: string, ...args: string[]) =>
  execFileSync('bash', ['-euo', 'pipefail', '-c', script, 'bench', ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 1 << 28,
    encoding: 'utf8',
  })

const mounted = () => spawnSync('mountpoint', ['-q', disk]).status === 0

/** An empty store: a file system made anew, or, without the right to mount one, a directory emptied. */
function forgetStore(): void {
  mkdirSync(disk, { recursive: true })
  if (existsSync(nixRoot) && !mounted()) shell('chmod -R u+w "$1"; rm -rf "$1"', nixRoot)
  if (process.getuid?.() !== 0) return
  if (mounted()) shell('umount "$1"', disk)
  const image = join(root, 'disk.img')
  shell('rm -f "$1"; truncate -s "$2" "$1"; mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 "$1"', image, String(DISK_BYTES))
  spawnSync('mount', ['-o', 'loop', image, disk], { stdio: 'inherit' })
}

function removeAll(): void {
  if (mounted()) spawnSync('umount', ['--lazy', disk])
  if (existsSync(root)) shell('chmod -R u+w "$1"; rm -rf "$1"', root)
}

/** Fills the store: a bundle and its closure, and what a build leaves beside it. @returns the bundle's path */
function build(): string {
  const derive = (name: string, script: string) =>
    `derivation { name = "${name}"; system = builtins.currentSystem; builder = "/bin/sh"; PATH = "/usr/bin:/bin"; args = [ "-c" ''${script}'' ]; }`
  const copy = (from: readonly string[]) => `mkdir $out; cp -r --no-preserve=all ${from.join(' ')} $out/ || true`
  // A closure of many paths, as package sets have: each large directory is one, the small ones are one together.
  const { large, small } = hostDirectories(['/usr/share', '/usr/lib/gcc/x86_64-linux-gnu', '/usr/lib/python3'])
  const shared = [['/usr/include', '/usr/bin'], ...large.map((path) => [path]), small]
  const libraries = shared.map((from, index) =>
    derive(`part-${basename(from[0] ?? '').replace(/[^a-zA-Z0-9]/g, '-')}-${index}`, copy(from)),
  )
  const leftovers = ['/usr/lib/modules', '/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu'].filter((path) => existsSync(path))
  const expression = `let
    parts = [ ${libraries.map((one) => `(${one})`).join(' ')} ];
    suite = ${derive('suite', `mkdir $out; echo \${toString parts} > $out/root.img`)};
    kernel = ${derive('kernel', 'mkdir $out; echo image > $out/bzImage; head -c 60000000 /dev/urandom > $out/vmlinux')};
    leftovers = ${derive('toolchain', copy(leftovers))};
    bundle = ${derive('vmtest', `mkdir $out; echo '{"kernel":{"image":"\${kernel}/bzImage"},"rootImage":"\${suite}/root.img"}' > $out/vmtest.json`)};
  in [ bundle leftovers ]`
  writeFileSync(join(root, 'store.nix'), expression)
  const [bundle = ''] = shell('nix-build --no-out-link "$1" 2>/dev/null', join(root, 'store.nix')).trim().split('\n')
  return bundle
}

/** Directories directly below the given ones; what a leftover of the build is made of is not among them. */
function hostDirectories(roots: readonly string[]): { readonly large: string[]; readonly small: string[] } {
  const below = roots
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [join(path, one.name)] : [])))
    .filter((path) => !/-linux-gnu$|\/(?:modules|gcc|python3|llvm[^/]*)$/.test(path))
  const isLarge = (path: string) => Number(shell('du -sm "$1" | cut -f1', path)) >= 4
  const large = below.filter(isLarge)
  return { large, small: below.filter((path) => !large.includes(path)) }
}

const cell = ({ wallSeconds, cpuSeconds: cpu }: Measured) => `${wallSeconds.toFixed(1)} s (${cpu.toFixed(1)} CPU)`

interface Design {
  readonly name: string
  save(): Promise<number> | number
  restore(): Promise<void> | void
}

const sizeOf = (path: string): number =>
  statSync(path).isDirectory() ? readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0) : statSync(path).size

/** As src/cache does it: some archives a layer, each layer through the client's own tar, archives compared with their hashes, paths registered. */
async function ours(bundle: string): Promise<Design> {
  const directory = join(root, 'ours')
  let layers: { readonly paths: readonly Registration[]; readonly archives: readonly Archive[] }[] = []
  const open = async () => {
    const nix = { program: nixProgram, version: '', origin: 'found', config: CONFIG, sandbox: false, notes: [] } as const
    const store = await NixStore.open(nix, ports)
    if (typeof store === 'string') throw new Error(store)
    return store
  }
  const at = (index: number) => join(directory, `layer-${index}`)
  const client = (index: number) => join(directory, `client-${index}.tzst`)
  return {
    name: 'ours',
    async save() {
      const store = await open()
      const parts = partition(await store.closure(bundle), await bundleRoots(bundle, store.directory, ports))
      layers = []
      for (const paths of Object.values(parts).filter((some) => some.length > 0)) {
        const index = layers.length
        layers.push({ paths, archives: await pack(paths, at(index), store, ports) })
        shell('tar --posix -cf "$1" --use-compress-program zstdmt -P -C / "$2"', client(index), at(index))
        rmSync(at(index), { recursive: true })
      }
      return layers.reduce((sum, _, index) => sum + sizeOf(client(index)), 0)
    },
    async restore() {
      const store = await open()
      const invalid = await store.invalid(layers.flatMap(({ paths }) => paths.map(({ path }) => path)))
      const missing = layers.map(({ paths }) => paths.filter(({ path }) => invalid.has(path)))
      // As restoreStore does: layers side by side, and of each what is not there.
      await Promise.all(
        layers.map(async ({ archives }, index) => {
          const wanted = missing[index] ?? []
          if (wanted.length === 0) return
          await ports.exec.run(['tar', '-xf', client(index), '-P', '-C', '/', '--use-compress-program', 'unzstd'])
          const result = await unpack(wanted, { archives, directory: at(index) }, store, ports)
          if (result.kind === 'refused') throw new Error(result.reason)
          rmSync(at(index), { recursive: true })
        }),
      )
      await store.register(missing.flat())
    },
  }
}

/** All of /nix and the database's file, as cache-nix-action has it; nothing is compared or registered. */
function tarOfAll(): Design {
  const archive = join(root, 'all.tzst')
  return {
    name: 'tar',
    save() {
      shell(
        'nix-store --gc --print-roots >/dev/null 2>&1; tar --posix -cf "$1" --use-compress-program zstdmt -C "$2" store var',
        archive,
        nixRoot,
      )
      return sizeOf(archive)
    },
    restore() {
      mkdirSync(nixRoot, { recursive: true })
      shell('tar -xf "$1" --use-compress-program unzstd -C "$2"', archive, nixRoot)
    },
  }
}

function exportImport(bundle: string): Design {
  const archive = join(root, 'export.zst')
  return {
    name: 'export',
    save() {
      shell('nix-store --export $(nix-store -qR "$2") | zstdmt > "$1"', archive, bundle)
      return sizeOf(archive)
    },
    restore() {
      shell('unzstd < "$1" | nix-store --import > /dev/null', archive)
    },
  }
}

function fileCache(bundle: string): Design {
  const directory = join(root, 'binary-cache')
  const archive = join(root, 'binary-cache.tzst')
  return {
    name: 'file cache',
    save() {
      rmSync(directory, { recursive: true, force: true })
      shell('nix copy --to "file://$1?compression=zstd&parallel-compression=true" "$2" 2>/dev/null', directory, bundle)
      shell('tar --posix -cf "$1" --use-compress-program zstdmt -P -C / "$2"', archive, directory)
      rmSync(directory, { recursive: true })
      return sizeOf(archive)
    },
    restore() {
      shell('tar -xf "$1" -P -C / --use-compress-program unzstd', archive)
      shell('nix copy --no-check-sigs --from "file://$1" "$2" 2>/dev/null', directory, bundle)
    },
  }
}

/** After a restore the bundle must be valid; its contents are compared with the hashes once for each design. */
function check(bundle: string, contents: boolean): void {
  shell('nix-store --check-validity $(nix-store -qR "$1")', bundle)
  if (contents) shell('nix-store --verify --check-contents 2>/dev/null')
}

async function main(): Promise<void> {
  forgetStore()
  mkdirSync(dirname(env.NIX_STATE_DIR ?? ''), { recursive: true })
  const bundle = build()
  const closure = shell('nix-store -qR "$1"', bundle).trim().split('\n')
  const files = Number(shell('find "$@" -type f | wc -l', ...closure))
  const bytes = Number(shell('du -sb --apparent-size "$@" | awk \'{s+=$1} END {print s}\'', ...closure))
  const whole = Number(shell('du -sb --apparent-size "$1" | cut -f1', join(nixRoot, 'store')))
  console.log(
    `closure: ${(bytes / 1e9).toFixed(2)} GB, ${files} files, ${closure.length} paths; the whole store: ${(whole / 1e9).toFixed(2)} GB`,
  )
  console.log(
    `${cpus().length} CPUs, nix ${shell('nix --version').trim()}, ${ROUNDS} rounds, stores on ${shell('df --output=fstype "$1" | tail -1', nixRoot).trim()}${mounted() ? ' of their own' : ''}, in ${shell('df --output=fstype "$1" | tail -1', root).trim()}`,
  )
  if (bytes < MINIMUM.bytes || files < MINIMUM.files) console.log('note: this machine has less to offer than 1.5 GB in 50 000 files')
  const designs = [await ours(bundle), tarOfAll(), exportImport(bundle), fileCache(bundle)]
  const results = new Map<string, { bytes: number; save: Measured; restores: Measured[]; half: Measured[] }>()
  for (const design of designs) {
    let size = 0
    const save = await measure(async () => {
      size = await design.save()
    })
    console.log(`${design.name}: saved in ${cell(save)}, ${(size / 1e6).toFixed(0)} MB`)
    results.set(design.name, { bytes: size, save, restores: [], half: [] })
  }
  // Rounds go around the designs, so that a slow minute of the machine falls on all of them.
  for (let round = 0; round < ROUNDS; round++) {
    for (const design of designs) {
      forgetStore()
      shell('nix-store --check-validity')
      const restore = await measure(() => design.restore())
      console.log(`${design.name}: restored in ${cell(restore)}`)
      results.get(design.name)?.restores.push(restore)
      check(bundle, round === 0)
    }
  }
  await halfFilled(bundle, designs[0], results.get('ours')?.half)
  report(results)
}

/** Ours into a store that has half of the closure already. */
async function halfFilled(bundle: string, design: Design | undefined, measured: Measured[] | undefined): Promise<void> {
  const closure = shell('nix-store -qR "$1"', bundle).trim().split('\n')
  // What nothing refers to any more, and every other part.
  const gone = closure.filter((path, index) => !path.includes('-part-') || index % 2 === 0)
  shell('nix-store --delete --ignore-liveness "$@" >/dev/null 2>&1', ...gone)
  measured?.push(await measure(() => design?.restore()))
  check(bundle, true)
}

function report(results: ReadonlyMap<string, { bytes: number; save: Measured; restores: Measured[]; half: Measured[] }>): void {
  const best = (measured: readonly Measured[]) => measured.reduce((a, b) => (a.wallSeconds <= b.wallSeconds ? a : b))
  for (const [name, { bytes, save, restores, half }] of results) {
    const all = restores.map(({ wallSeconds }) => wallSeconds.toFixed(1)).join(', ')
    console.log(
      `${name.padEnd(10)} ${(bytes / 1e6).toFixed(0).padStart(5)} MB  save ${cell(save)}  restore best ${cell(best(restores))}, all ${all}`,
    )
    for (const one of half) console.log(`${''.padEnd(10)} into a half-filled store ${cell(one)}`)
  }
  const of = (name: string) => {
    const result = results.get(name)
    if (result === undefined) throw new Error(`no result for ${name}`)
    return { bytes: result.bytes, restore: best(result.restores).wallSeconds }
  }
  const over = (name: string) => Number((of('ours').restore / of(name).restore).toFixed(3))
  const figures = {
    restoreOverTar: over('tar'),
    restoreOverExport: over('export'),
    restoreOverFileCache: over('file cache'),
    bytesOverTar: Number((of('ours').bytes / of('tar').bytes).toFixed(3)),
  }
  console.log(JSON.stringify(figures))
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1))
process.on('exit', removeAll)
await main()
