import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { loadBundle } from '../../src/bundle/index.js'
import type { ChildProcess } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { QmpClient } from '../../src/vm/channels/qmp.js'
import { qemuCommand } from '../../src/vm/qemu/argv.js'
import { userOf } from '../../src/vm/qemu/rights.js'
import { qemuBox, spawnQemu } from '../../src/vm/start-guest.js'
import { buildOfflineBundle } from '../lab/vm-lab.js'

// What a guest can reach in QEMU, by QEMU's own word: the real command line, stopped before its first instruction.
const ports = { exec: createExec(), files: createFiles(), clock: createClock() }
/** What the machine (q35 without USB, SATA, SMBus and VMware's port) is made of; it cannot be left out. */
const CHIPSET = new Set(
  'ps2-mouse ps2-kbd i8042 port92 hpet ioapic q35-pcihost mch ICH9-LPC isa-serial isa-pcspk isa-pit isa-i8259 i8257 mc146818rtc fw_cfg_io kvmvapic'.split(
    ' ',
  ),
)
let directory: string
let child: ChildProcess
let ask: (command: string, args?: Readonly<Record<string, unknown>>) => Promise<unknown>
const monitor = async (line: string) => String(await ask('human-monitor-command', { 'command-line': line }))

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-boxed-'))
  const { bundle } = await loadBundle(process.env.VMTEST_BUNDLE ?? buildOfflineBundle(), ports)
  const program = bundle.qemu ?? (await ports.exec.which(`qemu-system-${bundle.architecture}`)) ?? 'no QEMU'
  const drives = ['root', 'suite', 'test', 'scratch'].map((serial) => ({
    path: join(directory, serial),
    serial,
    readOnly: serial === 'root' || serial === 'suite',
  }))
  for (const { path } of drives) await ports.files.createSparse(path, 1024 ** 2)
  const box = await qemuBox(ports, { qemu: program, accelerator: 'tcg', onNote: undefined })
  const { argv, files } = qemuCommand({
    program,
    architecture: bundle.architecture,
    accelerator: 'tcg',
    emulationTuning: true,
    memoryMiB: 256,
    cpus: 1,
    kernel: bundle.kernel.image,
    initrd: bundle.initrd,
    drives,
    channels: { console: 3, control: 4, results: 5, output: 6, qmp: 7 },
    sandbox: box.sandbox,
    dumpPath: null,
    kernelArguments: [],
  })
  child = await spawnQemu(ports.exec, { argv: [...argv, '-S'], files }, userOf(box.rights))
  const [, , , , channel] = child.channels
  if (channel === undefined) throw new Error('no monitor')
  const qmp = new QmpClient(channel, ports.clock, () => undefined)
  void qmp.read()
  ask = (command, args = {}) => qmp.command(command, args, 60)
}, 300_000)
afterAll(async () => {
  child?.kill('SIGKILL')
  await child?.exit
  rmSync(directory, { recursive: true, force: true })
})

test('the guest has disks, serial ports and random numbers, and no other device', async () => {
  const devices = [...(await monitor('info qtree')).matchAll(/^ *dev: ([\w.-]+)/gm)].map(([, name]) => name ?? '')
  const beside = devices.filter((name) => !CHIPSET.has(name)).sort()
  expect(beside).toEqual([
    ...Array.from({ length: 4 }, () => 'virtio-blk-device'),
    ...Array.from({ length: 4 }, () => 'virtio-blk-pci'),
    'virtio-rng-device',
    'virtio-rng-pci',
    'virtio-serial-device',
    'virtio-serial-pci',
    ...Array.from({ length: 3 }, () => 'virtserialport'),
  ])
})

test('it has no network, no shared directory and no path of the host behind a port', async () => {
  expect((await monitor('info network')).trim()).toBe('')
  const chardevs = (await ask('query-chardev')) as readonly { readonly label: string; readonly filename: string }[]
  expect(chardevs.map(({ label }) => label).sort()).toEqual(['console', 'control', 'output', 'qmp', 'results'])
  // Connected sockets that were inherited: nothing listens, nothing has a name.
  expect(chardevs.filter(({ filename }) => !/^(?:unix|fd):/.test(filename) || /server|\//.test(filename))).toEqual([])
})

test('root and suite are read-only, whatever the guest asks for', async () => {
  const blocks = (await ask('query-block')) as readonly {
    readonly device: string
    readonly inserted?: { readonly ro: boolean; readonly file: string }
  }[]
  expect(Object.fromEntries(blocks.map(({ device, inserted }) => [device, inserted?.ro]))).toEqual({
    'disk-root': true,
    'disk-suite': true,
    'disk-test': false,
    'disk-scratch': false,
  })
})

test('its system calls are filtered, and it can win no privileges', () => {
  const tasks = readdirSync(`/proc/${child.pid}/task`)
  expect(tasks.length).toBeGreaterThan(1)
  for (const task of tasks) {
    const status = readFileSync(`/proc/${child.pid}/task/${task}/status`, 'utf8')
    expect([task, /^Seccomp:\s+2$/m.test(status), /^NoNewPrivs:\s+1$/m.test(status)]).toEqual([task, true, true])
  }
})
