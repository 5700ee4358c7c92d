import { describe, expect, test } from '@jest/globals'
import {
  driveArgs,
  gdbArgs,
  hermeticArgs,
  kernelCommandLine,
  machineArgs,
  portArgs,
  qemuArgv,
  quoteOption,
} from '../../../src/vm/qemu/argv.js'
import { MACHINES } from '../../../src/vm/qemu/machine.js'

const tcg = { accelerator: 'tcg', emulationTuning: true, memoryMiB: 1024, cpus: 1, kernelArguments: [] } as const

const whole = {
  ...tcg,
  program: '/qemu',
  architecture: 'x86_64',
  kernel: '/k',
  initrd: '/i',
  drives: [{ path: '/root.erofs', serial: 'root', readOnly: true }],
  channels: { console: 3, control: 4, results: 5, output: 6, qmp: 7 },
  sandbox: true,
  pauseAtShutdown: false,
} as const

describe('the QEMU command line', () => {
  test.each([
    ['tcg tuned', { ...tcg }, ['tcg,thread=multi', 'max,-erms,-fsrm,-la57']],
    ['tcg untuned', { ...tcg, emulationTuning: false }, ['tcg,thread=multi', 'max']],
    ['kvm ignores tuning', { ...tcg, accelerator: 'kvm' as const }, ['kvm', 'host']],
  ])('machine: %s', (_, options, [accelerator, cpu]) => {
    const argv = machineArgs(MACHINES.x86_64, options)
    expect(argv[argv.indexOf('-accel') + 1]).toBe(accelerator)
    expect(argv[argv.indexOf('-cpu') + 1]).toBe(cpu)
    expect(argv).toEqual(expect.arrayContaining(['-smp', '1', '-m', '1024M']))
  })

  test.each([
    ['tcg tuned', { ...tcg }, true],
    ['tcg untuned', { ...tcg, emulationTuning: false }, false],
    ['kvm', { ...tcg, accelerator: 'kvm' as const }, false],
  ])('norandmaps and mitigations=off only under tuned emulation: %s', (_, options, tuned) => {
    const words = kernelCommandLine(MACHINES.x86_64, options).split(' ')
    expect(words.includes('norandmaps')).toBe(tuned)
    expect(words.includes('mitigations=off')).toBe(tuned)
    expect(words).toEqual(expect.arrayContaining(['console=ttyS0', 'panic=-1', 'ignore_loglevel', 'sysrq_always_enabled=1']))
    expect(words).not.toContain('quiet')
  })

  test('the guest has the arm console on arm, and the words of the caller come last', () => {
    const line = kernelCommandLine(MACHINES.aarch64, { ...tcg, kernelArguments: ['xfs.test=1'] })
    expect(line).toMatch(/^console=ttyAMA0 .* xfs\.test=1$/)
    expect(MACHINES.aarch64.proven).toBe(false)
  })

  test('a drive is a raw virtio disk with its role as serial; commas are doubled', () => {
    expect(driveArgs({ path: '/run,1/test.raw', serial: 'test', readOnly: false })).toEqual([
      '-drive',
      'file=/run,,1/test.raw,format=raw,if=none,id=disk-test,cache=unsafe,discard=unmap',
      '-device',
      'virtio-blk-pci,drive=disk-test,serial=test',
    ])
    expect(driveArgs({ path: '/r', serial: 'root', readOnly: true })[1]).toBe('file=/r,format=raw,if=none,id=disk-root,readonly=on')
    expect(quoteOption('a,b,,c')).toBe('a,,b,,,,c')
  })

  test('every channel is an inherited descriptor; the ports have fixed numbers', () => {
    const argv = portArgs({ control: 4, results: 5, output: 6 })
    expect(argv.filter((word) => word.startsWith('socket,'))).toEqual([
      'socket,id=control,fd=4',
      'socket,id=results,fd=5',
      'socket,id=output,fd=6',
    ])
    expect(argv.filter((word) => word.startsWith('virtserialport,')).map((word) => /nr=(\d)/.exec(word)?.[1])).toEqual(['1', '2', '3'])
  })

  test('at a terminal there are no ports, and Ctrl-C belongs to the guest', () => {
    const argv = qemuArgv({ ...whole, channels: 'terminal' })
    expect(argv).toContain('stdio,id=console,mux=on,signal=off')
    expect(argv.join(' ')).not.toMatch(/virtserialport|fd=/)
  })

  test('gdb waits only when told so', () => {
    expect(gdbArgs(undefined)).toEqual([])
    expect(gdbArgs({ stub: 'unix:/x', wait: false })).toEqual(['-gdb', 'unix:/x'])
    expect(gdbArgs({ stub: 'unix:/x', wait: true })).toEqual(['-gdb', 'unix:/x', '-S'])
  })

  test('nothing of the host gets in but disks: no network, no shared directory, no default device', () => {
    const argv = qemuArgv(whole)
    expect(argv[0]).toBe('/qemu')
    expect(argv).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot', '-sandbox']))
    expect(argv.filter((word) => /^-(virtfs|fsdev|netdev|nic|net)$|vhost|9p|virtio-net/.test(word))).toEqual([])
    expect(argv).not.toContain('-no-shutdown')
    expect(argv).not.toContain('vmcoreinfo')
    expect(hermeticArgs(false)).not.toContain('-sandbox')
  })

  test('a guest whose memory may be dumped waits for it, and says where its structures are', () => {
    const argv = qemuArgv({ ...whole, pauseAtShutdown: true })
    expect(argv).toEqual(expect.arrayContaining(['-no-shutdown', 'vmcoreinfo']))
  })
})
