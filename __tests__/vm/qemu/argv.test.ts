import { describe, expect, test } from '@jest/globals'
import {
  driveArgs,
  gdbArgs,
  hermeticArgs,
  kernelCommandLine,
  machineArgs,
  portArgs,
  qemuCommand,
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
  dumpPath: null,
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
    expect(MACHINES.aarch64.tunedCpu).toContain('pauth-impdef=on')
  })

  test('persistent memory is a file as memory, for which the machine has room beside its own', () => {
    const drives = ['test', 'scratch'].map((serial) => ({ path: `/d,1/${serial}.raw`, serial, readOnly: false, persistentMiB: 4096 }))
    const { argv, files } = qemuCommand({ ...whole, drives })
    expect(argv).toContainEqual(
      expect.stringMatching(/^memory-backend-file,id=pmem-test,mem-path=\/proc\/self\/fd\/\d+,size=4096M,share=on$/),
    )
    expect(files).toContainEqual({ path: '/d,1/test.raw', access: 'read-write' })
    expect(argv.filter((word) => word.startsWith('virtio-pmem-pci,'))).toEqual([
      'virtio-pmem-pci,memdev=pmem-test',
      'virtio-pmem-pci,memdev=pmem-scratch',
    ])
    expect(argv.join(' ')).not.toContain('virtio-blk-pci')
    const [, most] = /^1024M,slots=1,maxmem=(\d+)M$/.exec(argv[argv.indexOf('-m') + 1] ?? '') ?? []
    expect(Number(most)).toBeGreaterThan(1024 + 2 * 4096)
  })

  test('a drive is a raw virtio disk with its role as serial; commas are doubled', () => {
    expect(driveArgs({ path: '/run,1/test.raw', serial: 'test', readOnly: false })).toEqual([
      '-drive',
      'file=/run,,1/test.raw,format=raw,if=none,id=disk-test,cache=unsafe,discard=unmap,auto-read-only=off',
      '-device',
      'virtio-blk-pci,drive=disk-test,serial=test',
    ])
    expect(driveArgs({ path: '/r', serial: 'root', readOnly: true })[1]).toBe('file=/r,format=raw,if=none,id=disk-root,readonly=on')
    expect(quoteOption('a,b,,c')).toBe('a,,b,,,,c')
  })

  test('every file is inherited open, after the channels; its path is there only to be read', () => {
    const test = { path: '/disks/test.raw', serial: 'test', readOnly: false }
    const { argv, files, dumpTarget } = qemuCommand({ ...whole, drives: [...whole.drives, test] })
    expect(files).toEqual([
      { path: '/k', access: 'read' },
      { path: '/i', access: 'read' },
      { path: '/root.erofs', access: 'read' },
      { path: '/disks/test.raw', access: 'read-write' },
    ])
    expect(dumpTarget).toBeNull()
    expect(argv.slice(argv.indexOf('-kernel'), argv.indexOf('-kernel') + 4)).toEqual([
      '-kernel',
      '/proc/self/fd/8',
      '-initrd',
      '/proc/self/fd/9',
    ])
    expect(argv.filter((word) => word.startsWith('file='))).toEqual([
      expect.stringContaining('file=/dev/fdset/10,'),
      expect.stringContaining('file=/dev/fdset/11,'),
    ])
    const named = argv.filter((word) => /(?:^|[=,])\//.test(word) && !word.includes('opaque='))
    expect(named.filter((word) => !/^\/proc\/self\/fd\/\d+$|^file=\/dev\/fdset\/\d+,/.test(word))).toEqual(['/qemu'])
    expect(argv).toContain('fd=11,set=11,opaque=/disks/test.raw')
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
    const { argv, files } = qemuCommand({ ...whole, channels: 'terminal' })
    expect(argv).toContain('stdio,id=console,mux=on,signal=off')
    expect(argv.join(' ')).not.toMatch(/virtserialport|socket,/)
    expect(argv[argv.indexOf('-kernel') + 1]).toBe('/proc/self/fd/3')
    expect(files).toHaveLength(3)
  })

  test('gdb waits only when told so', () => {
    expect(gdbArgs(undefined)).toEqual([])
    expect(gdbArgs({ stub: 'unix:/x', wait: false })).toEqual(['-gdb', 'unix:/x'])
    expect(gdbArgs({ stub: 'unix:/x', wait: true })).toEqual(['-gdb', 'unix:/x', '-S'])
  })

  test('nothing of the host gets in but disks: no network, no shared directory, no default device', () => {
    const { argv } = qemuCommand(whole)
    expect(argv[0]).toBe('/qemu')
    expect(argv).toEqual(expect.arrayContaining(['-nodefaults', '-no-user-config', '-no-reboot', '-sandbox']))
    expect(argv.filter((word) => /^-(virtfs|fsdev|netdev|nic|net)$|vhost|9p|virtio-net/.test(word))).toEqual([])
    expect(argv).not.toContain('-no-shutdown')
    expect(argv).not.toContain('vmcoreinfo')
    // Neither old nor privileged calls, no program started, no scheduling: what QEMU never needs for one guest on sockets.
    expect(argv[argv.indexOf('-sandbox') + 1]).toBe('on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny')
    expect(hermeticArgs(false)).not.toContain('-sandbox')
  })

  test('a guest whose memory may be dumped waits for it, and says where its structures are', () => {
    const { argv, files, dumpTarget } = qemuCommand({ ...whole, dumpPath: '/run/1,2/dump' })
    expect(argv).toEqual(expect.arrayContaining(['-no-shutdown', 'vmcoreinfo', 'fd=11,set=11,opaque=/run/1,,2/dump']))
    expect(dumpTarget).toBe('/dev/fdset/11')
    expect(files.at(-1)).toEqual({ path: '/run/1,2/dump', access: 'create' })
  })
})
