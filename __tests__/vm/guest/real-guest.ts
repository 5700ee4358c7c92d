import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Section, sectionSchema } from '../../../src/domain/section.js'
import type { Built } from '../../../src/domain/stages.js'
import { createClock } from '../../../src/ports/real/clock.js'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { suiteOf } from '../../../src/suites/index.js'
import { createStartGuest, type Guest, type GuestEvent } from '../../../src/vm/index.js'
import { writeCpio } from '../../../src/vm/initramfs/cpio.js'

// A bundled benchmark has another place: it runs in the checkout.
const checkout = process.cwd()
const here = join(checkout, '__tests__/vm/guest')
const scriptsDirectory = join(checkout, 'nix/guest')

export interface TestKernel {
  readonly image: string
  readonly release: string
  /** Tree with lib/modules; absent where everything is built in. */
  readonly modules?: string
}

/** A kernel to boot: the one VMTEST_TEST_KERNEL names (with VMTEST_TEST_MODULES), or an installed one. */
export function findKernel(): TestKernel | null {
  const { VMTEST_TEST_KERNEL: image, VMTEST_TEST_MODULES: modules } = process.env
  if (image !== undefined && modules === undefined) return { image, release: 'unknown' }
  if (image !== undefined && modules !== undefined) return { image, release: readdirSync(join(modules, 'lib/modules'))[0] ?? '', modules }
  for (const name of existsSync('/boot') ? readdirSync('/boot') : []) {
    const release = name.replace(/^vmlinuz-/, '')
    if (name !== release && existsSync(`/lib/modules/${release}/modules.dep`)) return { image: `/boot/${name}`, release, modules: '/' }
  }
  return null
}

/** What a real guest needs and this machine lacks, or null. */
export function missing(): string | null {
  const programs = ['qemu-system-x86_64', 'mkfs.erofs', 'busybox'].filter((name) => spawnSync('which', [name]).status !== 0)
  if (programs.length > 0) return `no ${programs.join(', ')}`
  if (process.arch !== 'x64') return 'not an x86_64 machine'
  if (!spawnSync('sh', ['-c', 'file -L $(which busybox) 2>/dev/null || echo statically']).stdout.toString().includes('statically'))
    return 'busybox is not static'
  return findKernel() === null ? 'no kernel in /boot with modules, and VMTEST_TEST_KERNEL is not set' : null
}

export interface TestGuest {
  readonly guest: Guest
  readonly runDirectory: string
  /** Events up to and with the first of a kind. */
  until<K extends GuestEvent['kind']>(kind: K): Promise<Extract<GuestEvent, { kind: K }>>
}

/** A directory with a bundle made of busybox, and guests started from it. */
export class TestMachine {
  readonly directory = mkdtempSync(join(tmpdir(), 'vmtest-guest-'))
  /** The static busybox itself. */
  readonly busybox: Buffer
  private readonly built: Built
  private readonly section: Section
  private readonly started: Guest[] = []

  /** @param suite directory with `check`; @param roles of the disks, 64 MiB each */
  constructor(suite = join(here, 'suite'), roles: readonly string[] = ['test', 'scratch', 'pool', 'pool']) {
    this.section = sectionSchema.parse({
      suite: 'smoke',
      name: 'plain',
      settings: { fstyp: 'none' },
      disks: roles.map((role) => ({ role, sizeMiB: 64 })),
    })
    const busybox = spawnSync('which', ['busybox'], { encoding: 'utf8' }).stdout.trim()
    const initrd = join(this.directory, 'base.cpio')
    const root = join(this.directory, 'root')
    mkdirSync(join(root, 'bin'), { recursive: true })
    mkdirSync(join(root, 'etc'))
    cpSync(busybox, join(root, 'bin/busybox'))
    for (const applet of spawnSync(busybox, ['--list'], { encoding: 'utf8' }).stdout.split('\n')) {
      if (applet !== '' && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet))
    }
    chmodSync(join(root, 'bin/busybox'), 0o755)
    this.busybox = readFileSync(busybox)
    spawnSync('tee', [initrd], {
      input: writeCpio([{ kind: 'file', path: 'bin/busybox', mode: 0o755, contents: this.busybox }]),
      stdio: ['pipe', 'ignore', 'inherit'],
    })
    const rootImage = this.erofs('root.erofs', root)
    const kernel = findKernel() ?? { image: '', release: '' }
    this.built = {
      bundlePath: this.directory,
      bundle: {
        version: 2,
        architecture: 'x86_64',
        kind: 'minimal',
        kernel,
        initrd,
        rootImage,
        guestPath: ['/bin'],
        suites: [],
        sections: [this.section],
        revisions: {},
      },
      qemu: spawnSync('which', ['qemu-system-x86_64'], { encoding: 'utf8' }).stdout.trim(),
      suites: [
        {
          name: 'smoke',
          guestPath: '/vmtest/suites/own',
          image: this.erofs('suite.erofs', suite),
          source: null,
          catalogue: { suite: 'smoke', tests: [] },
        },
      ],
      buildSeconds: 0,
    }
  }

  private get suite() {
    const [suite] = this.built.suites
    if (suite === undefined) throw new Error('the guest has a suite')
    return suite
  }

  get qemu(): string {
    return this.built.qemu
  }

  private erofs(name: string, tree: string): string {
    const image = join(this.directory, name)
    const made = spawnSync('mkfs.erofs', ['--all-root', image, tree], { encoding: 'utf8' })
    if (made.status !== 0) throw new Error(made.stderr)
    return image
  }

  async start(
    options: { diskDirectory?: string; dumpPath?: string; memoryMiB?: number; section?: Partial<Section> } = {},
  ): Promise<TestGuest> {
    const ports = { exec: createExec(), files: createFiles(), clock: createClock() }
    const startGuest = createStartGuest(ports, {
      scriptsDirectory,
      cacheDirectory: join(this.directory, 'cache'),
      createObserver: () => ({ line: () => [], end: () => [] }),
      suites: suiteOf,
    })
    const runDirectory = join(this.directory, `run${this.started.length + 1}`)
    const guest = await startGuest({
      id: 1,
      built: this.built,
      suite: this.suite,
      section: { ...this.section, ...options.section },
      accelerator: { requested: 'tcg', accelerator: 'tcg', reason: 'test', timeoutFactor: 4 },
      memoryMiB: options.memoryMiB ?? 256,
      cpus: 1,
      emulationTuning: true,
      runDirectory,
      diskDirectory: options.diskDirectory ?? join(this.directory, 'disks'),
      keep: false,
      ...(options.dumpPath === undefined ? {} : { dumpPath: options.dumpPath }),
    })
    this.started.push(guest)
    return { guest, runDirectory, until: follow(guest) }
  }

  async stopGuests(): Promise<void> {
    for (const guest of this.started) await guest.stop({ kind: 'cancelled' })
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true })
  }
}

function follow(guest: Guest): TestGuest['until'] {
  const iterator = guest.events()[Symbol.asyncIterator]()
  const seen: string[] = []
  return async (kind) => {
    for (;;) {
      const { value, done } = await iterator.next()
      if (done === true) throw new Error(`the guest ended before ${kind}; seen: ${seen.join(' ')}`)
      seen.push(value.kind === 'exit' ? JSON.stringify(value.exit) : value.kind)
      if (value.kind === kind) return value as Extract<GuestEvent, { kind: typeof kind }>
    }
  }
}

/** A batch of the own suite. */
export function ownBatch(id: number, tests: readonly string[]) {
  const environment = { TEST_DEV: '@test@', SCRATCH_DEV_POOL: '@pool@', QUOTED: `two  blanks, 'single' "double" $HOME \\n @nobody@` }
  return { id, tests, environment, arguments: tests }
}
