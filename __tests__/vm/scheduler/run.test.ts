import { describe, expect, test } from '@jest/globals'
import { HEALTHY } from './fake-world.js'
import { numbered, play, startCounts, suite } from './setting.js'

const once = (setting: Parameters<typeof startCounts>[0], told: Awaited<ReturnType<typeof play>>) =>
  [...startCounts(setting, told.world).values()].every((count) => count === 1)

test("all tests run once, in the plan's order, in one guest", async () => {
  const setting = { plan: { xfs: numbered(5) } }
  const told = await play(setting)
  expect(told.world.ends.map(({ name }) => name)).toEqual(numbered(5))
  expect(told.run.guests.map(({ exit }) => exit.kind)).toEqual(['poweroff'])
  expect(told.run).toMatchObject({ stopped: null, abandonedSections: [], vms: 1 })
  expect(told.progress.filter(({ kind }) => kind === 'test-end').at(-1)).toMatchObject({ done: 5, total: 5, status: 'pass' })
  expect(told.world.batches[0]?.batch).toMatchObject({ environment: { SECTION: 'xfs' }, arguments: numbered(5) })
})

test('two guests share the work and end together', async () => {
  const plan = { xfs: numbered(40) }
  const one = await play({ plan })
  const two = await play({ plan, vms: 2 })
  expect(once({ plan }, two)).toBe(true)
  expect(two.world.mostAlive).toBe(2)
  expect(two.seconds / one.seconds).toBeLessThan(0.6)
})

test('guesses that are hundreds of times off do not leave one guest with all the work', async () => {
  const plan = { xfs: numbered(40) }
  const options = { accelerator: { requested: 'auto', accelerator: 'tcg', reason: '', timeoutFactor: 10 } as const }
  const world = { behaviour: () => ({ kind: 'passes' as const, seconds: 1.2 }), bootSeconds: 3, gapSeconds: 0.1 }
  const one = await play({ plan, options, world })
  const two = await play({ plan, options, world, vms: 2 })
  expect(two.seconds / one.seconds).toBeLessThan(0.6)
})

test('the longest expected go first, and a long one does not wait behind short ones', async () => {
  const history = numbered(20).map((name, index) => ({
    suite: 'smoke',
    section: 'xfs',
    name,
    samples: [{ seconds: index === 19 ? 600 : 20, timeoutFactor: 1 }],
  }))
  const behaviour = (_section: string, name: string) => ({ kind: 'passes' as const, seconds: name === 'generic/020' ? 600 : 20 })
  const told = await play({ plan: { xfs: numbered(20) }, vms: 2, world: { behaviour }, limits: { history, testTimeoutSeconds: null } })
  expect(told.world.starts[0]?.name).toBe('generic/020')
  expect(told.world.batches[0]?.batch.tests).toEqual(['generic/020'])
  expect(told.seconds).toBeLessThan(650)
})

test('sections are kept together: a guest serves one, and two guests take one each', async () => {
  const setting = { plan: { xfs: numbered(10), ext4: numbered(10) }, vms: 2 }
  const told = await play(setting)
  expect(once(setting, told)).toBe(true)
  expect(told.world.options.map(({ section }) => section.name).sort()).toEqual(['ext4', 'xfs'])
})

test('a section its guest cannot run is given up after one boot, by name, and the others run', async () => {
  const plan = { xfs: numbered(3), ext4: numbered(3) }
  const fate = (guest: number) =>
    guest === 1 ? { ...HEALTHY, boot: { cannot: 'because the test file system could not be made' } } : HEALTHY
  const told = await play({ plan, world: { fate } })
  expect(told.run.abandonedSections).toEqual([{ suite: 'smoke', section: 'xfs', reason: 'the test file system could not be made.' }])
  expect(told.run.stopped).toBeNull()
  expect(told.run.guests.map(({ exit }) => exit.kind)).toEqual(['poweroff', 'poweroff'])
  expect(told.world.ends.map(({ section }) => section)).toEqual(['ext4', 'ext4', 'ext4'])
})

test('each guest starts its suite once for its whole share, and takes from the end of another only what pays', async () => {
  const even = await play({ plan: { xfs: numbered(40) }, vms: 2 })
  expect(even.world.batches.map(({ batch }) => batch.tests.length)).toEqual([20, 20])
  // Half of the tests take ten times what the others do; nobody knew.
  const behaviour = (_section: string, name: string) => ({ kind: 'passes' as const, seconds: Number(name.slice(-3)) % 2 === 1 ? 100 : 10 })
  const setting = { plan: { xfs: numbered(40) }, vms: 2, world: { behaviour }, limits: { testTimeoutSeconds: 1000 } }
  const odd = await play(setting)
  expect(once(setting, odd)).toBe(true)
  const taken = odd.run.batches.filter(({ takenOver }) => takenOver !== undefined)
  expect(taken.length).toBeGreaterThan(0)
  for (const { takenOver } of taken) expect(takenOver?.seconds).toBeGreaterThan(takenOver?.costSeconds ?? Number.POSITIVE_INFINITY)
  const ended = odd.run.batches.filter(({ endedByUs }) => endedByUs === true)
  expect(ended.length).toBeGreaterThan(0)
  for (const batch of ended) expect(batch.endedAfter).toBe(batch.timeline.at(-1)?.name)
  // 2200 s of tests and 40 gaps in two guests.
  expect(odd.seconds).toBeLessThan(1120 * 1.12)
  expect(odd.run.batches.length).toBeLessThanOrEqual(12)
})

test('a place without work boots a guest where taking from another section’s list pays', async () => {
  const setting = { plan: { xfs: numbered(20), ext4: numbered(30) }, vms: 2 }
  const told = await play(setting)
  expect(once(setting, told)).toBe(true)
  expect(told.world.options.map(({ section }) => section.name)).toEqual(['ext4', 'xfs', 'ext4'])
  expect(told.seconds).toBeLessThan(305)
})

test('after a crash no guest is booted for what another will come to sooner', async () => {
  const behaviour = (_section: string, name: string) => ({
    kind: name === 'generic/003' ? ('panics' as const) : ('passes' as const),
    seconds: name === 'generic/003' ? 30 : 1,
  })
  const history = numbered(4).map((name) => ({ suite: 'smoke', section: 'xfs', name, samples: [{ seconds: 1, timeoutFactor: 1 }] }))
  const setting = { plan: { xfs: numbered(4) }, vms: 2, world: { behaviour, bootSeconds: 20 }, limits: { history } }
  const told = await play(setting)
  expect(once(setting, told)).toBe(true)
  expect(told.run.guests).toHaveLength(2)
})

test('after a report that ends a detector the rest goes on in a fresh guest at once; one while booting is every guest’s', async () => {
  const behaviour = (_section: string, name: string) => ({
    kind: 'passes' as const,
    seconds: 10,
    ...(name === 'generic/002' ? { report: 'lockdep' as const } : {}),
  })
  const setting = { plan: { xfs: numbered(4) }, world: { behaviour } }
  const told = await play(setting)
  expect(once(setting, told)).toBe(true)
  expect(told.run.batches.map(({ timeline }) => timeline.map(({ name }) => name))).toEqual([
    ['generic/001', 'generic/002'],
    ['generic/003', 'generic/004'],
  ])
  expect(told.run.batches[0]).toMatchObject({ endedByUs: true, endedAfter: 'generic/002' })
  const booting = await play({ plan: { xfs: numbered(4) }, world: { bootReport: 'lockdep' } })
  expect(booting.run.guests).toHaveLength(1)
})

test('a report that comes in each guest anew does not cost a boot for each test', async () => {
  const behaviour = () => ({
    ...{ kind: 'passes' as const, seconds: 10 },
    ...{ report: 'lockdep' as const, title: 'possible deadlock in foo' },
  })
  const setting = { plan: { xfs: numbered(20) }, world: { behaviour } }
  const told = await play(setting)
  expect(once(setting, told)).toBe(true)
  expect(told.run.guests).toHaveLength(3)
  expect(told.progress).toContainEqual(expect.objectContaining({ message: expect.stringContaining('a fresh guest would say the same') }))
})

describe('a guest that dies', () => {
  const behaviour = (_section: string, name: string) => ({
    kind: name === 'generic/003' ? ('panics' as const) : ('passes' as const),
    seconds: 10,
  })

  test('takes one test with it; a fresh one does what had not begun', async () => {
    const setting = { plan: { xfs: numbered(6) }, world: { behaviour } }
    const told = await play(setting)
    expect(once(setting, told)).toBe(true)
    expect(told.run.guests.map(({ exit }) => exit.kind)).toEqual(['panic', 'poweroff'])
    expect(told.run.batches.map(({ died }) => died?.test ?? null)).toEqual(['generic/003', null])
    expect(told.run.batches.map(({ timeline }) => timeline.length)).toEqual([3, 3])
    expect(told.progress.find((each) => each.kind === 'test-end' && each.name === 'generic/003')).toMatchObject({ status: 'crashed' })
  })

  test('between two tests costs no test', async () => {
    const fate = (guest: number) => ({ boot: 'ready' as const, killedAfterSeconds: guest === 1 ? 5 + 1 + 10 + 0.5 : null })
    const setting = { plan: { xfs: numbered(4) }, world: { fate } }
    const told = await play(setting)
    expect(once(setting, told)).toBe(true)
    expect(told.world.ends).toHaveLength(4)
    expect(told.run.batches[0]?.died?.test).toBeNull()
  })

  test('`check` dying alone loses the test it ran and nothing else', async () => {
    const dies = (_section: string, name: string) => ({
      kind: name === 'generic/002' ? ('ends-check' as const) : ('passes' as const),
      seconds: 1,
    })
    const setting = { plan: { xfs: numbered(5) }, world: { behaviour: dies } }
    const told = await play(setting)
    expect(once(setting, told)).toBe(true)
    expect(told.run.guests).toHaveLength(1)
    expect(told.world.ends).toHaveLength(4)
  })
})

describe('`check` ends without starting', () => {
  const skipping = (names: readonly string[]) => (_section: string, name: string) => ({
    kind: names.includes(name) ? ('unknown' as const) : ('passes' as const),
    seconds: 1,
  })

  test('one test: the others run, it is handed out again and left', async () => {
    const told = await play({ plan: { xfs: numbered(4) }, world: { behaviour: skipping(['generic/002']) } })
    expect(told.world.ends.map(({ name }) => name)).toEqual(['generic/001', 'generic/003', 'generic/004'])
    expect(told.run.batches.map(({ tests }) => tests.length)).toEqual([4, 1, 1])
    expect(told.run.abandonedSections).toEqual([])
  })

  test('any test: the section is given up, naming what check said', async () => {
    const told = await play({ plan: { xfs: numbered(300) }, world: { behaviour: skipping(numbered(300)) } })
    expect(told.run.batches).toHaveLength(2)
    expect(told.run.abandonedSections).toMatchObject([
      { suite: 'smoke', section: 'xfs', reason: expect.stringContaining('guests/1/batches/2/check.stdout') },
    ])
  })
})

describe('the watchdog', () => {
  test('diagnoses, ends and replaces a guest whose test hangs', async () => {
    const behaviour = (_section: string, name: string) => ({
      kind: name === 'generic/002' ? ('hangs' as const) : ('passes' as const),
      seconds: 10,
    })
    const setting = { plan: { xfs: numbered(4) }, world: { behaviour } }
    const told = await play(setting)
    expect(once(setting, told)).toBe(true)
    expect(told.world.diagnosed).toEqual([{ guest: 1, reason: 'generic/002 did not end within 100 s (set by test-timeout)' }])
    expect(told.run.guests[0]?.exit).toMatchObject({ kind: 'timeout', what: 'test', afterSeconds: 100 })
    expect(told.progress.find((each) => each.kind === 'test-end' && each.name === 'generic/002')).toMatchObject({ status: 'timeout' })
  })

  test('a test that ends while its guest is being ended timed out all the same; the one that started then runs anew', async () => {
    const behaviour = (_section: string, name: string) => ({ kind: 'passes' as const, seconds: name === 'generic/001' ? 107 : 10 })
    const told = await play({ plan: { xfs: numbered(3) }, world: { behaviour } })
    const ends = told.progress.filter((each) => each.kind === 'test-end').map(({ name, status }) => [name, status])
    expect(ends).toEqual([
      ['generic/001', 'timeout'],
      ['generic/002', 'pass'],
      ['generic/003', 'pass'],
    ])
    expect(told.run.guests[0]?.exit).toMatchObject({ kind: 'timeout', what: 'test', test: 'generic/001' })
    // It had started in the first guest too.
    expect(told.world.starts.filter(({ name }) => name === 'generic/002').map(({ guest }) => guest)).toEqual([1, 2])
  })

  test("what check does behind a test is not the test's time", async () => {
    const behaviour = () => ({ kind: 'passes' as const, seconds: 103 })
    const told = await play({ plan: { xfs: numbered(2) }, world: { behaviour } })
    expect(told.world.diagnosed).toEqual([])
  })

  test('a boot that hangs three times ends the section, and another section goes on', async () => {
    const fate = (guest: number) => ({ ...HEALTHY, boot: guest <= 3 ? ('hangs' as const) : ('ready' as const) })
    const told = await play({ plan: { xfs: numbered(3), ext4: numbered(2) }, world: { fate } })
    expect(told.run.guests.map(({ exit }) => (exit.kind === 'timeout' ? exit.what : exit.kind))).toEqual([
      'boot',
      'boot',
      'boot',
      'poweroff',
    ])
    expect(told.run.abandonedSections).toMatchObject([
      { suite: 'smoke', section: 'xfs', reason: expect.stringContaining('3 guests in a row ended before any test') },
    ])
    expect(told.world.ends.map(({ section }) => section)).toEqual(['ext4', 'ext4'])
  })

  test('two boots that die and a third that lives end nothing', async () => {
    const fate = (guest: number) => ({ ...HEALTHY, boot: guest <= 2 ? ('dies' as const) : ('ready' as const) })
    const setting = { plan: { xfs: numbered(3) }, world: { fate } }
    const told = await play(setting)
    expect(once(setting, told)).toBe(true)
    expect(told.run.abandonedSections).toEqual([])
  })

  test('a guest that does not end when told is left behind', async () => {
    const behaviour = () => ({ kind: 'hangs' as const, seconds: 0 })
    const told = await play({ plan: { xfs: ['generic/001'] }, world: { behaviour, immortal: true } })
    expect(told.run.guests).toEqual([])
    expect(told.progress.find((each) => each.kind === 'test-end')).toMatchObject({ status: 'crashed' })
  })
})

test('a kernel that panics in every test is given up after eight', async () => {
  const behaviour = () => ({ kind: 'panics' as const, seconds: 1 })
  const told = await play({ plan: { xfs: numbered(50) }, world: { behaviour } })
  expect(told.world.starts).toHaveLength(8)
  expect(told.run.abandonedSections[0]?.reason).toContain('8 guests in a row died under their first test')
})

describe('the end of the run', () => {
  test('the deadline ends the guests and keeps what there is', async () => {
    const told = await play({ plan: { xfs: numbered(50) }, vms: 2, limits: { runSeconds: 100 } })
    expect(told.run.stopped).toEqual({ kind: 'deadline', reason: "the guests' time of 100 s was over" })
    expect(told.seconds).toBeLessThan(103)
    expect(told.run.guests.map(({ exit }) => exit)).toEqual(
      Array(2).fill({ kind: 'timeout', what: 'run', afterSeconds: 100, lastLine: '' }),
    )
    expect(told.run.batches.flatMap(({ timeline }) => timeline)).toHaveLength(told.world.starts.length)
  })

  test.each([1, 5.5, 30])('a cancel after %d s ends within three', async (at) => {
    const told = await play({
      plan: { xfs: numbered(50) },
      vms: 2,
      before: (world, cancel) => void world.clock.sleep(at).then(cancel),
    })
    expect(told.run.stopped?.kind).toBe('cancelled')
    expect(told.seconds).toBeLessThanOrEqual(at + 3)
    expect(told.world.alive).toBe(0)
    expect(told.run.guests).toHaveLength(2)
    expect(told.run.batches.flatMap(({ timeline }) => timeline)).toHaveLength(told.world.starts.length)
  })

  test('a cancel ends within three seconds even when the guests do not', async () => {
    const told = await play({
      plan: { xfs: numbered(50) },
      world: { immortal: true },
      before: (world, cancel) => void world.clock.sleep(30).then(cancel),
    })
    expect(told.seconds).toBeLessThanOrEqual(33)
  })

  test('a cancel before anything starts starts nothing', async () => {
    const told = await play({ plan: { xfs: numbered(5) }, before: (_world, cancel) => cancel() })
    expect(told.world.options).toEqual([])
    expect(told.run.stopped?.kind).toBe('cancelled')
  })

  test('a trouble of the host ends the run as such, before a guest dies of it', async () => {
    let looks = 0
    const hostTrouble = async () => (++looks < 10 ? null : 'the disk is full')
    const told = await play({ plan: { xfs: numbered(50) }, options: { hostTrouble } })
    expect(told.run.stopped).toEqual({ kind: 'infrastructure', reason: 'the disk is full' })
    expect(told.run.guests.map(({ exit }) => exit.kind)).toEqual(['cancelled'])
    expect(told.seconds).toBeLessThan(60)
  })

  test('a guest that died of the host ends the run, and its test is not called crashed', async () => {
    const fate = () => ({ boot: 'ready' as const, killedAfterSeconds: 20, hostTrouble: 'no space left' })
    const told = await play({ plan: { xfs: numbered(50) }, world: { fate } })
    expect(told.run.stopped).toEqual({ kind: 'infrastructure', reason: 'no space left' })
    expect(told.progress.filter(({ kind }) => kind === 'test-end').at(-1)).toMatchObject({ status: 'notreached' })
  })

  test('a look at the host that fails finds nothing', async () => {
    const hostTrouble = () => Promise.reject(new Error('no such directory'))
    expect((await play({ plan: { xfs: numbered(2) }, options: { hostTrouble } })).run.stopped).toBeNull()
  })
})

describe('a guest that cannot be started', () => {
  test('beside one that lives: fewer guests do the work', async () => {
    const fate = (guest: number) => ({ ...HEALTHY, boot: guest === 2 ? ('cannot-start' as const) : ('ready' as const) })
    const setting = { plan: { xfs: numbered(20) }, vms: 2, world: { fate } }
    const told = await play(setting)
    expect(once(setting, told)).toBe(true)
    expect(told.run.guests).toHaveLength(1)
    expect(told.progress).toContainEqual(
      expect.objectContaining({ kind: 'stage', message: expect.stringContaining('no memory for guest 2') }),
    )
  })

  test('none at all: the run could not test, and says why', async () => {
    const told = await play({
      plan: { xfs: numbered(3), ext4: numbered(3) },
      world: { fate: () => ({ ...HEALTHY, boot: 'cannot-start' }) },
    })
    expect(told.run.stopped).toMatchObject({ kind: 'infrastructure', reason: expect.stringContaining('no memory') })
    expect(told.run.guests).toEqual([])
  })
})

test('reruns: fresh guests, one test each, ids go on', async () => {
  const told = await play({ plan: { xfs: numbered(3) }, options: { firstGuestId: 7, testsPerGuest: 1 } })
  expect(told.run.guests.map(({ id }) => id)).toEqual([7, 8, 9])
  expect(told.world.batches.map(({ batch }) => batch.tests)).toEqual(numbered(3).map((name) => [name]))
})

test('a test that suspends or starves the machine gets a guest of its own, before which and after which nothing ran', async () => {
  const needs = { ...suite.needs({ needs: [] } as never, []), exclusive: ['generic/002', 'generic/004'] }
  const suites = () => ({ ...suite, needs: () => needs })
  for (const vms of [1, 2]) {
    const told = await play({ plan: { xfs: numbered(5) }, vms, options: { suites } })
    const byGuest = told.run.guests.map(({ id }) => told.world.starts.filter(({ guest }) => guest === id).map(({ name }) => name))
    const alone = byGuest.filter((names) => names.some((name) => needs.exclusive.includes(name)))
    expect(alone.sort()).toEqual([['generic/002'], ['generic/004']])
    expect(byGuest.flat().sort()).toEqual(numbered(5))
  }
})

test('settings that differ from the defaults are in the record, and only under emulation', async () => {
  const plan = { xfs: numbered(1) }
  const tcg = { requested: 'auto', accelerator: 'tcg', reason: '', timeoutFactor: 10 } as const
  const scale = { emulated: true, timeoutFactor: 1 }
  const emulated = await play({ plan, options: { accelerator: tcg, scale, kernelArguments: ['slub_debug=F'] } })
  expect(emulated.run.settings['kernel arguments']).toBe('norandmaps mitigations=off slub_debug=F')
  expect(emulated.run.settings).toMatchObject({ cpu: expect.stringContaining('-erms'), SOAK_DURATION: '30' })
  expect(emulated.world.options[0]?.emulationTuning).toBe(true)
  expect((await play({ plan, options: { accelerator: tcg, emulationTuning: false } })).run.settings).toEqual({})
  const real = await play({ plan })
  expect(real.run.settings).toEqual({})
  expect(real.world.options[0]?.emulationTuning).toBe(false)
})

test('a section that is not there is refused', async () => {
  await expect(
    play({ plan: { xfs: numbered(1) }, options: { tests: [{ suite: 'smoke', section: 'zfs', name: 'generic/001' }] } }),
  ).rejects.toThrow('`zfs`')
})
