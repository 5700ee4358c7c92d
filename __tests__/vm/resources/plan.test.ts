import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { UserError } from '../../../src/domain/errors.js'
import type { Section } from '../../../src/domain/section.js'
import { suiteOf } from '../../../src/suites/index.js'
import { diskCandidates, type MachineRoom, planResources, type ResourceRequest } from '../../../src/vm/resources/index.js'

const section: Section = {
  suite: 'fstests',
  name: 'xfs',
  description: '',
  disks: [
    { role: 'test', sizeMiB: 5120 },
    { role: 'scratch', sizeMiB: 5120 },
  ],
  environment: {},
  kernelOptions: [],
  settings: { fstyp: 'xfs' },
}
const of = (suite: string) => ({ section: { ...section, suite }, needs: suiteOf(suite).needs(section, []) })
const PER_GUEST_MIB = 7680

const request = (changes: Partial<ResourceRequest> = {}): ResourceRequest => ({
  vms: 'auto',
  memoryMiB: 'auto',
  cpusPerVm: 'auto',
  accelerator: 'kvm',
  sections: [of('fstests')],
  testCount: 100,
  debugFactor: 1,
  dumps: false,
  ...changes,
})
const machine = (changes: Partial<MachineRoom> = {}): MachineRoom => ({
  cpus: 4,
  availableMemoryMiB: 15_000,
  places: [{ path: '/run', freeMiB: 60_000, memoryBacked: false }],
  ...changes,
})

describe('auto', () => {
  test.each<[string, Partial<ResourceRequest>, Partial<MachineRoom>, [number, number, number]]>([
    ['a hosted runner with KVM', {}, {}, [2, 2048, 2]],
    ['the same under emulation: a guest a processor', { accelerator: 'tcg' }, {}, [4, 2048, 1]],
    ['one processor', {}, { cpus: 1 }, [1, 2048, 1]],
    ['eight under KVM', {}, { cpus: 8 }, [4, 2048, 2]],
    ['little memory: fewer guests', { accelerator: 'tcg' }, { availableMemoryMiB: 6000 }, [2, 2048, 1]],
    ['very little: a smaller guest', {}, { availableMemoryMiB: 2200 }, [1, 1304, 4]],
    [
      'little disk: fewer guests',
      { accelerator: 'tcg' },
      { places: [{ path: '/run', freeMiB: 2 * PER_GUEST_MIB + 600, memoryBacked: false }] },
      [2, 2048, 1],
    ],
    ['few tests: fewer guests', { accelerator: 'tcg', testCount: 3 }, {}, [2, 2048, 1]],
    ['one test', { accelerator: 'tcg', testCount: 1 }, {}, [1, 2048, 1]],
    ['a debug kernel gets more memory', { debugFactor: 3 }, {}, [2, 3072, 2]],
    ['the smoke suite gets less', { sections: [of('smoke')], accelerator: 'tcg' }, { cpus: 2, availableMemoryMiB: 4000 }, [2, 512, 1]],
    ['what is set is kept', { vms: 3, memoryMiB: 1500, cpusPerVm: 4 }, {}, [3, 1500, 4]],
  ])('%s', (_name, asked, has, expected) => {
    const plan = planResources(request(asked), machine(has))
    expect([plan.vms, plan.memoryMiB, plan.cpusPerVm]).toEqual(expected)
  })
})

describe('refused early, with numbers', () => {
  const refused = (asked: Partial<ResourceRequest>, has: Partial<MachineRoom>): UserError => {
    try {
      planResources(request(asked), machine(has))
    } catch (error) {
      if (error instanceof UserError) return error
    }
    throw new Error('not refused')
  }

  test('memory', () => {
    const error = refused({ vms: 8, memoryMiB: 4096 }, {})
    expect(error.message).toBe(
      "8 VMs of 4096 MiB need 34560 MiB of memory (with QEMU's own and 768 MiB for the host), and 15000 MiB are available.",
    )
    expect(error.kind).toBe('could-not-test')
    expect(refused({}, { availableMemoryMiB: 1500 }).message).toContain('1 VM of 1024 MiB')
  })

  test('disk', () => {
    const places = [
      { path: '/run', freeMiB: 3000, memoryBacked: false },
      { path: '/tmp', freeMiB: 90_000, memoryBacked: true },
    ]
    const error = refused({}, { places })
    expect(error.message).toBe('The disks of 1 VM need about 8192 MiB, and there are: /run 3000 MiB, /tmp 90000 MiB (memory).')
    expect(refused({}, { places: [] }).message).toContain('no writable places')
  })
})

describe('the place of the disks', () => {
  const disk = (path: string, freeMiB: number) => ({ path, freeMiB, memoryBacked: false })

  test('the first with room, not the one with most', () => {
    expect(
      planResources(request(), machine({ places: [disk('/small', 9000), disk('/run', 40_000), disk('/mnt', 90_000)] })).diskDirectory,
    ).toBe('/run')
  })

  test('the one with most when none has room for all', () => {
    const plan = planResources(request(), machine({ places: [disk('/small', 9000), disk('/mnt', 12_000)] }))
    expect([plan.diskDirectory, plan.vms]).toEqual(['/mnt', 1])
    expect(plan.reason).toContain('1 VM (of 2: there is no room for more)')
  })

  test('memory only where there is nothing else, and then it is taken from the guests', () => {
    const tmpfs = { path: '/tmp', freeMiB: 30_000, memoryBacked: true }
    expect(planResources(request(), machine({ places: [tmpfs, disk('/run', 60_000)] })).diskDirectory).toBe('/run')
    const plan = planResources(request(), machine({ places: [tmpfs] }))
    expect([plan.diskDirectory, plan.vms]).toEqual(['/tmp', 1])
    expect(plan.reason).toContain('which is memory')
  })

  test('is told where there are disks', () => {
    const scripts = { section: { ...section, suite: 'scripts', disks: [] }, needs: suiteOf('scripts').needs(section, []) }
    expect(planResources(request({ sections: [scripts] }), machine()).reason).not.toContain('disks')
    expect(planResources(request(), machine()).reason).toContain('; the disks may grow to 15360 MiB, of 60000 MiB free below /run')
  })

  test('candidates keep their order and skip what is not set', () => {
    expect(diskCandidates('/w/run', { RUNNER_TEMP: '/t' })).toEqual(['/w/run', '/t', '/mnt', '/var/tmp', '/tmp'])
  })
})

test('a plan never asks for more than there is', () => {
  const room = fc.record({
    cpus: fc.integer({ min: 1, max: 128 }),
    availableMemoryMiB: fc.integer({ min: 100, max: 300_000 }),
    places: fc.array(fc.record({ path: fc.constantFrom('/a', '/b'), freeMiB: fc.nat(200_000), memoryBacked: fc.boolean() }), {
      maxLength: 3,
    }),
  })
  fc.assert(
    fc.property(room, fc.constantFrom('kvm' as const, 'tcg' as const), fc.integer({ min: 1, max: 500 }), (has, accelerator, testCount) => {
      let plan: ReturnType<typeof planResources>
      try {
        plan = planResources(request({ accelerator, testCount }), has)
      } catch (error) {
        expect(error).toBeInstanceOf(UserError)
        return
      }
      expect(plan.vms).toBeGreaterThanOrEqual(1)
      expect(plan.vms * plan.memoryMiB).toBeLessThanOrEqual(has.availableMemoryMiB)
      expect(plan.vms * plan.cpusPerVm).toBeLessThanOrEqual(has.cpus)
      const places = has.places.filter(({ path }) => path === plan.diskDirectory)
      expect(Math.max(...places.map(({ freeMiB }) => freeMiB))).toBeGreaterThanOrEqual(plan.vms * PER_GUEST_MIB)
    }),
  )
})
