/**
 * From QEMU's start to the first test: ours, the floor (the same kernel and QEMU with an initramfs that powers off at once), and
 * virtme-ng (to its first command). Same kernel image, memory, one CPU, emulation with the same settings; runs alternate, so
 * that a noisy machine is noisy for all. The guest is busybox, the suite is empty: what is timed is the way there, not a file system.
 *
 *   npm run bench:boot -- [--kernel IMAGE] [--modules DIR] [--runs N] [--vng PROGRAM] [--old CHECKOUT [--old-rounds N]]
 *
 * `--old`: after these (seven then too, unless `--runs` says fewer), boots of this build and of an older one's checkout in turns, nine of each
 * unless told otherwise; `oursOverOld` is the median of their ratios of processor time.
 *
 * The last line is one JSON object. `vng` comes from `pip install virtme-ng` in a virtual environment (--vng), or PATH.
 */
import { type SpawnOptions, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { findKernel, missing, TestMachine } from '../__tests__/vm/guest/real-guest.js'
import type { VmBundle } from '../src/domain/bundle.js'
import { writeCpio } from '../src/vm/initramfs/cpio.js'
import { bootArgs, hermeticArgs, kernelCommandLine, machineArgs } from '../src/vm/qemu/argv.js'
import { MACHINES } from '../src/vm/qemu/machine.js'
import { besideOld, SIDE, serveRounds } from './beside-old.js'

const MEMORY_MIB = 512
const LIMIT_SECONDS = 120
/** Fewer say little; beside an older build, what is compared is the rounds. */
const LEAST_RUNS = 7
const guestShape = { accelerator: 'tcg', emulationTuning: true, memoryMiB: MEMORY_MIB, cpus: 1, kernelArguments: [] } as const

interface Boot {
  readonly kernel: number
  readonly init: number
  readonly ready: number
  readonly firstTest: number
}

async function ours(machine: TestMachine): Promise<Boot> {
  const { guest, until } = await machine.start({ memoryMiB: MEMORY_MIB })
  await until('ready')
  await guest.run({ id: 1, tests: ['x/001'], environment: {}, arguments: ['x/001'] })
  await until('test-start')
  await guest.stop({ kind: 'cancelled' })
  const { boot } = (await until('exit')).guest
  return {
    kernel: boot.kernelSeconds ?? Number.NaN,
    init: boot.initSeconds ?? Number.NaN,
    ready: boot.readySeconds ?? Number.NaN,
    firstTest: boot.firstTestSeconds ?? Number.NaN,
  }
}

function floorArgv(qemu: string, kernel: string, initrd: string): string[] {
  const machine = MACHINES.x86_64
  return [
    qemu,
    ...hermeticArgs(true),
    ...machineArgs(machine, guestShape),
    ...bootArgs({ kernel, initrd, pauseAtShutdown: false }, kernelCommandLine(machine, guestShape)),
    ...['-serial', 'stdio'],
  ]
}

function floorInitrd(directory: string, busybox: Buffer): string {
  const path = join(directory, 'floor.cpio')
  const init = Buffer.from('#!/bin/busybox sh\nexec /bin/busybox poweroff -f\n')
  writeFileSync(
    path,
    writeCpio([
      { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      { kind: 'file', path: 'bin/busybox', mode: 0o755, contents: busybox },
      { kind: 'file', path: 'init', mode: 0o755, contents: init },
    ]),
  )
  return path
}

/** Seconds until the program ends well, or until it prints the marker (then it is ended). @throws Error otherwise */
function timed(argv: readonly string[], marker: string | null): Promise<number> {
  const [program = '', ...words] = argv
  // vng calls virtme-run, which lies beside it.
  const options: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...process.env, PATH: searchPath } }
  const start = performance.now()
  const child = spawn(program, words, options)
  let said = ''
  return new Promise((resolve, reject) => {
    const finish = (error: Error | null) => {
      clearTimeout(timer)
      const seconds = (performance.now() - start) / 1000
      if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid, 'SIGKILL')
      if (error === null) resolve(seconds)
      else reject(error)
    }
    const timer = setTimeout(() => finish(new Error(`${program}: nothing after ${LIMIT_SECONDS} s`)), LIMIT_SECONDS * 1000)
    const listen = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-4000)
      if (marker !== null && said.includes(marker)) finish(null)
    }
    child.stdout?.on('data', listen)
    child.stderr?.on('data', listen)
    child.once('error', finish)
    child.once('exit', (code) =>
      marker === null && code === 0 ? finish(null) : finish(new Error(`${program} ended with ${code}: ${said.slice(-500)}`)),
    )
  })
}

/** virtme-ng wants a terminal, which script(1) gives it. The marker is put together in the guest: its echo on a console is none. */
function vngArgv(vng: string, kernel: string): readonly string[] {
  const words = [
    '--run',
    kernel,
    '--disable-kvm',
    '--cpus',
    '1',
    '--memory',
    `${MEMORY_MIB}M`,
    '--append',
    'norandmaps',
    '--append',
    'mitigations=off',
  ]
  return ['script', '-qec', [vng, ...words, '-e', `'echo first-$((40+2))-test'`].join(' '), '/dev/null']
}

/** A machine that has only run `vmtest demo` has no kernel of its own to boot, but that bundle's. */
function takeBundledKernel(): void {
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache')
  const path = join(cache, 'kernel-vmtest/bundle-offline/vmtest.json')
  if (!existsSync(path)) return
  const { kernel } = JSON.parse(readFileSync(path, 'utf8')) as VmBundle
  process.env.VMTEST_TEST_KERNEL = kernel.image
  if (kernel.modules !== undefined) process.env.VMTEST_TEST_MODULES = kernel.modules
  console.log(`the kernel of the bundle that the demo built, Linux ${kernel.release}`)
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? Number.NaN) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
}

const round = (value: number) => Math.round(value * 1000) / 1000

async function virtmeReason(vng: string | undefined, kernel: string): Promise<string | null> {
  if (vng === undefined || spawnSync(vng, ['--version']).status !== 0) return 'vng is not on PATH and --vng names none'
  try {
    await timed(vngArgv(vng, kernel), 'first-42-test')
    return null
  } catch (error) {
    return String(error)
  }
}

const { values: options } = parseArgs({
  options: {
    kernel: { type: 'string' },
    modules: { type: 'string' },
    runs: { type: 'string', default: String(LEAST_RUNS) },
    vng: { type: 'string', default: 'vng' },
    old: { type: 'string' },
    'old-rounds': { type: 'string', default: '9' },
    [SIDE.slice(2)]: { type: 'boolean' },
  },
})
const searchPath = [dirname(options.vng), process.env.PATH].join(delimiter)
if (options.kernel !== undefined) process.env.VMTEST_TEST_KERNEL = options.kernel
if (options.modules !== undefined) process.env.VMTEST_TEST_MODULES = options.modules
if (findKernel() === null) takeBundledKernel()
const lacking = missing()
const kernel = findKernel()
if (lacking !== null || kernel === null) {
  console.error(`cannot boot a guest: ${lacking}. Run \`vmtest demo\`, whose kernel is then taken, or name one: --kernel IMAGE.`)
  process.exit(69)
}
const directory = mkdtempSync(join(tmpdir(), 'vmtest-boot-'))
const machine = new TestMachine(join(process.cwd(), 'bench/boot-suite'), [])
try {
  if (options.side === true) {
    await ours(machine)
    await serveRounds(async () => void (await ours(machine)))
  } else await compare(kernel.image)
} finally {
  await machine.stopGuests()
  machine.remove()
  rmSync(directory, { recursive: true, force: true })
}

async function compare(image: string): Promise<void> {
  const initrd = floorInitrd(directory, machine.busybox)
  const virtmeMissing = await virtmeReason(options.vng, image)
  console.log(virtmeMissing === null ? 'comparing with virtme-ng' : `virtme-ng left out: ${virtmeMissing}`)
  const boots: Boot[] = []
  const floors: number[] = []
  const virtmes: number[] = []
  for (let run = 0; run < Math.max(options.old === undefined ? LEAST_RUNS : 1, Number(options.runs)); run++) {
    floors.push(await timed(floorArgv(machine.qemu, image, initrd), null))
    boots.push(await ours(machine))
    if (virtmeMissing === null) virtmes.push(await timed(vngArgv(options.vng, image), 'first-42-test'))
    const boot = boots.at(-1)
    console.log(
      `run ${run + 1}: floor ${floors.at(-1)?.toFixed(2)} s, ours ${boot?.firstTest.toFixed(2)} s (kernel ${boot?.kernel.toFixed(2)}, init ${boot?.init.toFixed(2)}, ready ${boot?.ready.toFixed(2)})${virtmes.length > 0 ? `, virtme-ng ${virtmes.at(-1)?.toFixed(2)} s` : ''}`,
    )
  }
  const of = (key: keyof Boot) => round(median(boots.map((boot) => boot[key])))
  const floorSeconds = round(median(floors))
  const virtmeSeconds = virtmeMissing === null ? round(median(virtmes)) : null
  const beside = options.old === undefined ? {} : await besideOld('boot', options.old, { rounds: Number(options['old-rounds']), words: [] })
  console.log(
    JSON.stringify({
      oursOverFloor: round(of('firstTest') / floorSeconds),
      oursOverVirtmeNg: virtmeSeconds === null ? null : round(of('firstTest') / virtmeSeconds),
      floorSeconds,
      virtmeNgSeconds: virtmeSeconds,
      ...(virtmeMissing === null ? {} : { virtmeNgLeftOut: virtmeMissing }),
      kernelSeconds: of('kernel'),
      initSeconds: of('init'),
      readySeconds: of('ready'),
      firstTestSeconds: of('firstTest'),
      runs: boots.length,
      memoryMiB: MEMORY_MIB,
      cpus: 1,
      accelerator: 'tcg',
      ...beside,
    }),
  )
}
