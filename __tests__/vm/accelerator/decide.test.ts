import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../../src/domain/errors.js'
import type { Cleanup } from '../../../src/domain/stages.js'
import { type AcceleratorOptions, decideAccelerator, probeCommand, undoPermissions } from '../../../src/vm/accelerator/index.js'
import { describeRights, qemuRights } from '../../../src/vm/qemu/rights.js'
import { FakeMachine, type MachineState } from './fake-machine.js'

function optionsFor(changes: Partial<AcceleratorOptions> = {}): AcceleratorOptions & { cleanups: Cleanup[] } {
  const cleanups: Cleanup[] = []
  return {
    qemu: '/usr/bin/qemu-system-x86_64',
    architecture: 'x86_64',
    memory: 'use',
    permissions: 'fix',
    onCleanup: (cleanup) => void cleanups.push(cleanup),
    ...changes,
    cleanups,
  }
}

const OPEN = { mode: 0o666, modifiedMs: 1000 }

describe('what each machine is found to be', () => {
  const cases: readonly [string, Partial<MachineState>, string, string][] = [
    ['a guest runs', { device: OPEN }, 'kvm', 'works'],
    ['no device', { device: null }, 'tcg', 'absent'],
    ['another architecture', { device: OPEN, architecture: 'aarch64' }, 'tcg', 'absent'],
    ['a guest hangs', { device: OPEN, kvm: 'hangs' }, 'tcg', 'never-runs'],
    ['instructions are emulated', { device: OPEN, kvm: 'emulates' }, 'tcg', 'never-runs'],
    ['QEMU cannot use it', { device: OPEN, kvm: 'refuses' }, 'tcg', 'error'],
    ['closed, no sudo', { sudo: 'none' }, 'tcg', 'no-permission'],
    ['closed, sudo asks', { sudo: 'asks' }, 'tcg', 'no-permission'],
    ['sealed by a container', { sealed: true }, 'tcg', 'no-permission'],
  ]
  test.each(cases)('%s', async (_name, state, accelerator, outcome) => {
    const machine = new FakeMachine(state)
    const decision = await decideAccelerator('auto', machine.ports(), optionsFor())
    expect([decision.accelerator, decision.probe?.outcome]).toEqual([accelerator, outcome])
    expect(decision.timeoutFactor).toBe(accelerator === 'kvm' ? 1 : 10)
    expect(machine.seconds).toBeLessThan(10)
  })

  test('tcg probes nothing', async () => {
    const machine = new FakeMachine()
    const decision = await decideAccelerator('tcg', machine.ports(), optionsFor())
    expect(decision).toMatchObject({ accelerator: 'tcg', timeoutFactor: 10 })
    expect(decision.probe).toBeUndefined()
    expect(machine.commands).toEqual([])
  })

  test.each(cases.filter(([, , accelerator]) => accelerator === 'tcg'))(
    'kvm is KVM or an error with a cure: %s',
    async (_name, state, _accelerator, outcome) => {
      const error = await decideAccelerator('kvm', new FakeMachine(state).ports(), optionsFor()).catch((thrown: unknown) => thrown)
      expect(error).toBeInstanceOf(UserError)
      expect((error as UserError).kind).toBe('could-not-test')
      expect((error as UserError).message).toContain('accelerator is `kvm`, but')
      expect((error as UserError).nextStep).toContain(
        outcome === 'error' ? 'vmtest probe --fresh' : outcome === 'no-permission' ? 'group kvm' : 'machine',
      )
    },
  )
})

describe('permissions', () => {
  test('a udev rule opens the device and everything is taken back', async () => {
    const machine = new FakeMachine()
    const options = optionsFor()
    const decision = await decideAccelerator('auto', machine.ports(), options)
    expect(decision.accelerator).toBe('kvm')
    expect(decision.reason).toContain('udev')
    expect(options.cleanups.map(({ kind }) => kind)).toEqual(['mode', 'file'])
    expect(await undoPermissions(machine.ports(), options.cleanups)).toEqual([])
    expect(machine.state.device?.mode).toBe(0o660)
    expect([...machine.files.keys()].filter((path) => path.startsWith('/etc'))).toEqual([])
  })

  test.each(['no-daemon', 'no-effect'] as const)('chmod where udev does not help: %s', async (udev) => {
    const machine = new FakeMachine({ udev })
    const options = optionsFor()
    expect((await decideAccelerator('auto', machine.ports(), options)).accelerator).toBe('kvm')
    expect(options.cleanups).toContainEqual({ kind: 'mode', path: '/dev/kvm', mode: 0o660 })
    await undoPermissions(machine.ports(), options.cleanups)
    expect(machine.state.device?.mode).toBe(0o660)
  })

  test('a device that is ours is not touched', async () => {
    const machine = new FakeMachine({ device: OPEN })
    const options = optionsFor()
    await decideAccelerator('auto', machine.ports(), options)
    expect(options.cleanups).toEqual([])
    expect(machine.commands.filter((line) => line.startsWith('sudo'))).toEqual([])
  })

  test("a developer's machine is left as it is", async () => {
    const machine = new FakeMachine()
    const decision = await decideAccelerator('auto', machine.ports(), optionsFor({ permissions: 'leave' }))
    expect(decision.probe?.outcome).toBe('no-permission')
    expect(machine.state.device?.mode).toBe(0o660)
    expect(machine.commands.filter((line) => line.startsWith('sudo'))).toEqual([])
  })

  test('what cannot be undone is said', async () => {
    const machine = new FakeMachine({ sudo: 'none' })
    const failures = await undoPermissions(machine.ports(), [{ kind: 'mode', path: '/dev/kvm', mode: 0o660 }])
    expect(failures).toHaveLength(1)
    expect(failures[0]).toContain('chmod 0660 /dev/kvm')
  })
})

describe('a runner that is root', () => {
  const root = { uid: '0', setpriv: 'works' } as const
  const probed = (machine: FakeMachine) =>
    machine.unprivileged.filter(({ program }) => program.includes('qemu')).map(({ uid, groups }) => ({ uid, groups }))

  test('probes with the rights its guests will have: no root, the group of the device', async () => {
    const machine = new FakeMachine(root)
    const options = optionsFor()
    expect((await decideAccelerator('auto', machine.ports(), options)).accelerator).toBe('kvm')
    expect(options.cleanups).toEqual([])
    expect(new Set(probed(machine).map(({ uid }) => uid))).toEqual(new Set([65520]))
    expect(probed(machine).at(-1)?.groups).toEqual([106])
    expect(machine.probes).toBe(1)
  })

  test("a device of root's own group is opened on a runner, never by that group", async () => {
    const machine = new FakeMachine({ ...root, group: 0, udev: 'no-daemon' })
    const options = optionsFor()
    expect((await decideAccelerator('auto', machine.ports(), options)).reason).toContain('chmod')
    expect(options.cleanups).toContainEqual({ kind: 'mode', path: '/dev/kvm', mode: 0o660 })
    expect(probed(machine).every(({ groups }) => groups.length === 0)).toBe(true)
  })

  test("on a developer's machine a device that opens to root alone is used with root's rights, and that is said", async () => {
    const machine = new FakeMachine({ ...root, group: 0 })
    const ports = machine.ports()
    expect((await decideAccelerator('auto', ports, optionsFor({ permissions: 'leave' }))).accelerator).toBe('kvm')
    expect(machine.state.device?.mode).toBe(0o660)
    const rights = await qemuRights(ports, { qemu: '/qemu', device: '/dev/kvm' })
    expect(describeRights(rights)).toBe("QEMU runs with root's rights: /dev/kvm opens to root only")
    expect((await qemuRights(ports, { qemu: '/qemu', device: null })).kind).toBe('dropped')
  })

  test('an answer found as root does not hold for another user', async () => {
    const machine = new FakeMachine({ uid: '0', device: OPEN })
    await decideAccelerator('auto', machine.ports(), optionsFor())
    machine.state.setpriv = 'works'
    await decideAccelerator('auto', machine.ports(), optionsFor())
    await decideAccelerator('auto', machine.ports(), optionsFor())
    expect(machine.probes).toBe(2)
  })

  test.each<[string, Partial<MachineState>, string]>([
    ['no setpriv', { setpriv: 'absent' }, 'setpriv of util-linux is not there'],
    ['a container that forbids it', { setpriv: 'refuses' }, 'setpriv: setresuid failed: Operation not permitted'],
    ['a root that may signal no other user', { capabilities: '00000000a80425db' }, 'no CAP_KILL'],
  ])('what cannot be dropped is said: %s', async (_name, state, reason) => {
    const machine = new FakeMachine({ ...root, device: OPEN, ...state })
    const rights = await qemuRights(machine.ports(), { qemu: '/qemu', device: null })
    expect(rights.kind).toBe('own')
    expect(describeRights(rights)).toContain(reason)
    expect((await decideAccelerator('auto', machine.ports(), optionsFor())).accelerator).toBe('kvm')
  })

  test('who is not root has nothing to drop and nothing to say', async () => {
    const rights = await qemuRights(new FakeMachine({ setpriv: 'works' }).ports(), { qemu: '/qemu', device: null })
    expect(rights).toEqual({ kind: 'own', reason: null })
    expect(describeRights(rights)).toBeNull()
  })
})

describe('memory', () => {
  test('one probe a machine', async () => {
    const machine = new FakeMachine({ device: OPEN, kvm: 'emulates' })
    await decideAccelerator('auto', machine.ports(), optionsFor())
    const again = await decideAccelerator('auto', machine.ports(), optionsFor())
    expect(machine.probes).toBe(1)
    expect(again.probe).toMatchObject({ outcome: 'never-runs', remembered: true })
    expect(again.reason).toContain('--fresh')
  })

  test.each<[string, (machine: FakeMachine) => void]>([
    [
      'reboot',
      (machine) => {
        machine.state.bootId = 'boot-2'
      },
    ],
    [
      'another QEMU',
      (machine) => {
        machine.state.qemuVersion = 'QEMU emulator version 9.0'
      },
    ],
    [
      'another user',
      (machine) => {
        machine.state.uid = '0'
      },
    ],
    [
      'the module loaded again',
      (machine) => {
        machine.state.device = { mode: 0o666, modifiedMs: 2000 }
      },
    ],
    [
      'a day later',
      (machine) => {
        machine.seconds += 25 * 3600
      },
    ],
    ['a corrupt memory', (machine) => void machine.files.set('/home/u/.cache/kernel-vmtest/accelerator.json', '{"version":1,')],
  ])('a remembered negative is asked again after: %s', async (_name, change) => {
    const machine = new FakeMachine({ device: OPEN, kvm: 'hangs' })
    await decideAccelerator('auto', machine.ports(), optionsFor())
    change(machine)
    machine.state.kvm = 'runs'
    expect((await decideAccelerator('auto', machine.ports(), optionsFor())).accelerator).toBe('kvm')
    expect(machine.probes).toBe(2)
  })

  test('fresh asks again, and so does who insists on KVM', async () => {
    const machine = new FakeMachine({ device: OPEN, kvm: 'hangs' })
    await decideAccelerator('auto', machine.ports(), optionsFor())
    machine.state.kvm = 'runs'
    expect((await decideAccelerator('kvm', machine.ports(), optionsFor())).accelerator).toBe('kvm')
    machine.state.kvm = 'hangs'
    expect((await decideAccelerator('auto', machine.ports(), optionsFor({ memory: 'fresh' }))).accelerator).toBe('tcg')
    expect(machine.probes).toBe(3)
  })

  test('an error is not kept', async () => {
    const machine = new FakeMachine({ device: OPEN, kvm: 'refuses' })
    await decideAccelerator('auto', machine.ports(), optionsFor())
    await decideAccelerator('auto', machine.ports(), optionsFor())
    expect(machine.probes).toBe(2)
  })
})

test('probeCommand answers in text and in JSON', async () => {
  const machine = new FakeMachine({ device: OPEN, kvm: 'emulates' })
  const text = await probeCommand(machine.ports(), { ...optionsFor(), format: 'text' })
  expect(text).toContain('accelerator: tcg (asked for: auto)')
  expect(text).toContain('64-bit mode with paging')
  const json: unknown = JSON.parse(await probeCommand(machine.ports(), { ...optionsFor(), format: 'json' }))
  expect(json).toMatchObject({ accelerator: 'tcg', probe: { outcome: 'never-runs', remembered: true }, architecture: 'x86_64' })
})
