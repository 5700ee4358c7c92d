import type { Progress } from '../../../src/domain/stages.js'
import type { VmRun } from '../../../src/domain/vm-run.js'
import { smoke } from '../../../src/suites/smoke/index.js'
import type { Suite } from '../../../src/suites/suite.js'
import { type RunTestsOptions, runTests } from '../../../src/vm/scheduler/index.js'
import { FakeWorld, HEALTHY, type World } from './fake-world.js'
import { VirtualClock } from './virtual-clock.js'

export interface Setting {
  /** Test names by section. */
  readonly plan: Readonly<Record<string, readonly string[]>>
  readonly vms?: number
  readonly world?: Partial<World>
  readonly options?: Partial<RunTestsOptions>
  readonly limits?: Partial<RunTestsOptions['limits']>
  /** Called with the world before the run; may schedule a cancel. */
  readonly before?: (world: FakeWorld, cancel: () => void) => void
}

export interface Told {
  readonly run: VmRun
  readonly world: FakeWorld
  readonly progress: readonly Progress[]
  readonly seconds: number
}

export const suite: Suite = {
  ...smoke,
  drive: {
    kind: 'runner',
    command: (section, tests, scale) => ({
      environment: { SECTION: section.name, EMULATED: String(scale.emulated) },
      arguments: [...tests],
    }),
    progress: () => {
      throw new Error('the guest parses')
    },
  },
  guest: null,
}

/** A whole run on fake guests in virtual time. */
export async function play(setting: Setting): Promise<Told> {
  const clock = new VirtualClock()
  const world = new FakeWorld(clock, {
    behaviour: () => ({ kind: 'passes', seconds: 10 }),
    fate: () => HEALTHY,
    bootSeconds: 5,
    gapSeconds: 1,
    ...setting.world,
  })
  const progress: Progress[] = []
  const cancel = new AbortController()
  setting.before?.(world, () => cancel.abort())
  const names = Object.keys(setting.plan)
  const run = await clock.until(
    runTests({
      built: {
        suites: [{ name: 'smoke', catalogue: { suite: 'smoke', tests: [] } }],
        bundle: { kind: 'minimal', architecture: 'x86_64' },
      } as unknown as RunTestsOptions['built'],
      suites: () => suite,
      sections: names.map((name) => ({ suite: 'smoke', name }) as RunTestsOptions['sections'][number]),
      tests: names.flatMap((section) => (setting.plan[section] ?? []).map((name) => ({ suite: 'smoke', section, name }))),
      accelerator: { requested: 'auto', accelerator: 'kvm', reason: '', timeoutFactor: 1 },
      scale: { emulated: false, timeoutFactor: 1 },
      startGuest: world.startGuest,
      clock,
      machine: { vms: setting.vms ?? 1, memoryMiB: 1024, cpusPerVm: 1, diskDirectory: '/disks' },
      emulationTuning: true,
      runDirectory: '/run',
      signal: cancel.signal,
      onProgress: (each) => void progress.push(each),
      hostTrouble: async () => null,
      keep: false,
      ...setting.options,
      limits: { history: [], testTimeoutSeconds: 100, debugFactor: 1, runSeconds: 1e6, ...setting.limits },
    }),
  )
  return { run, world, progress, seconds: clock.monotonicSeconds() }
}

/** How often each planned test was started, by `section name`. */
export function startCounts(setting: Setting, world: FakeWorld): ReadonlyMap<string, number> {
  const counts = new Map(
    Object.entries(setting.plan).flatMap(([section, names]) => names.map((name): [string, number] => [`${section} ${name}`, 0])),
  )
  for (const { section, name } of world.starts) counts.set(`${section} ${name}`, (counts.get(`${section} ${name}`) ?? 0) + 1)
  return counts
}

export const numbered = (count: number, directory = 'generic') =>
  Array.from({ length: count }, (_, index) => `${directory}/${String(index + 1).padStart(3, '0')}`)
