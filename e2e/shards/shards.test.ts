import { truncateSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { StepResult } from '../runner/job.js'
import { Services } from '../services/services.js'
import { readerView } from './reader-view.js'
import { type MatrixRow, ShardWorld } from './shard-world.js'
import { SECTIONS, TESTS } from './two-sections.js'

// The jobs of .github/workflows/vmtest.yml, the shards at once, each on a runner: what becomes of the whole, whatever becomes of a shard.
const LIMIT = 900_000
const INPUTS = { bundle: 'bundle', tests: TESTS.join(' '), sections: SECTIONS.join(' '), accelerator: 'tcg', vms: '1', memory: '512' }
const ENDED = { build: 'success', plan: 'success', test: 'success' }

let services: Services
let world: ShardWorld
beforeAll(async () => {
  services = await Services.start()
  world = await ShardWorld.open(services)
}, LIMIT)
afterAll(async () => {
  world?.close()
  await services?.stop()
})

interface Planned {
  readonly plan: string
  readonly rows: readonly MatrixRow[]
}

async function plan(id: string): Promise<Planned> {
  const made = await world.step('plan', { ...INPUTS, shards: '4' }, { id })
  expect([made.conclusion, made.conclusion === 'success' ? '' : made.log]).toEqual(['success', ''])
  const read = await world.step('plan', { from: made.outputs.get('plan') ?? '' }, { id })
  expect(read.outputs.get('matrix')).toBe(made.outputs.get('matrix'))
  const { include } = JSON.parse(read.outputs.get('matrix') ?? '{}') as { include: MatrixRow[] }
  return { plan: read.outputs.get('plan') ?? '', rows: include }
}

function shard(
  { plan: name, rows }: Planned,
  number: number,
  run: { readonly id: string; readonly attempt?: number; readonly killedAt?: string },
): Promise<StepResult> {
  const row = rows[number - 1]
  const own = { shard: row?.shard ?? '', 'shard-plan': `artifact:${name}`, 'artifact-name': `${row?.artifact}-attempt-${run.attempt ?? 1}` }
  return world.step('', { ...INPUTS, ...own, upload: 'always' }, run)
}

function verdict(
  { plan: name }: Pick<Planned, 'plan'>,
  run: { readonly id: string; readonly attempt?: number },
  ended: Record<string, string> = ENDED,
) {
  const results = JSON.stringify(Object.fromEntries(Object.entries(ended).map(([job, result]) => [job, { result, outputs: {} }])))
  return world.step('merge', { plan: name, results }, run)
}

const came = (step: StepResult) => [step.conclusion, step.outputs.get('conclusion')]

test(
  'four shards at once give what one job gives; one that is killed makes it red by its name, and its re-run alone makes it whole',
  async () => {
    world.fates({ 'generic/003': 'notrun' })
    const id = 'whole'
    const planned = await plan(id)
    // After the plan: what it teaches makes so short tests not worth four machines.
    const one = await world.step('', INPUTS, { id: 'one-job' })
    expect(came(one)).toEqual(['success', 'passed'])
    expect(planned.rows.map(({ shard: name }) => name)).toEqual(['1/4', '2/4', '3/4', '4/4'])
    // A guest of the third runs when its machine is lost.
    const steps = await Promise.all(
      [1, 2, 3, 4].map((number) => shard(planned, number, { id, ...(number === 3 && { killedAt: 'ready after' }) })),
    )
    expect(steps.map(({ conclusion, end }) => `${conclusion} ${end.signal}`)).toEqual([
      ...['success null', 'success null', 'failure SIGKILL', 'success null'],
    ])

    const lacking = await verdict(planned, { id }, { ...ENDED, test: 'failure' })
    expect(came(lacking)).toEqual(['failure', 'could-not-test'])
    expect(lacking.outputs.get('reason')).toContain('shard 3/4 left no record')
    const lost = world.renderings(lacking).record.tests.filter(({ status }) => status === 'notreached')
    expect(lost).toHaveLength((SECTIONS.length * TESTS.length) / 4)

    expect((await shard(planned, 3, { id, attempt: 2 })).conclusion).toBe('success')
    const whole = await verdict(planned, { id, attempt: 2 })
    expect([...came(whole), whole.outputs.get('reason')]).toEqual(['success', 'passed', one.outputs.get('reason')])
    expect(readerView(world.renderings(whole))).toEqual(readerView(world.renderings(one)))
    const names = world.renderings(whole).record.tests.map(({ section, name }) => `${section} ${name}`)
    expect(names).toEqual(SECTIONS.flatMap((section) => TESTS.map((name) => `${section} ${name}`)))

    const skipped = await verdict(planned, { id, attempt: 3 }, { ...ENDED, test: 'skipped' })
    expect(came(skipped)).toEqual(['failure', 'could-not-test'])
    expect(skipped.outputs.get('reason')).toContain('job `test` ended as skipped')

    await shard(planned, 2, { id })
    const double = await verdict(planned, { id, attempt: 4 })
    expect(came(double)).toEqual(['failure', 'could-not-test'])
    expect(double.outputs.get('reason')).toContain('shard 2/4 came more than once')
  },
  LIMIT,
)

test(
  'an artifact that is cut is named, and a failure among the shards stays one',
  async () => {
    world.fates({})
    const id = 'cut'
    const planned = await plan(id)
    const last = planned.rows.length
    expect(last).toBeGreaterThan(1)
    await Promise.all(planned.rows.slice(0, -1).map((_row, index) => shard(planned, index + 1, { id })))
    world.fates({ 'generic/001': 'fail', 'generic/002': 'fail', 'generic/003': 'fail', 'generic/004': 'fail' })
    expect((await shard(planned, last, { id })).conclusion).toBe('failure')
    const cut = services.artifacts.artifacts.find(({ name }) => name === `${planned.rows[0]?.artifact}-attempt-1`)
    truncateSync(services.blobs.file(cut?.blob ?? ''), Math.floor((cut?.sizeBytes ?? 0) / 2))
    const whole = await verdict(planned, { id }, { ...ENDED, test: 'failure' })
    expect(came(whole)).toEqual(['failure', 'failed'])
    expect(world.renderings(whole).record.conclusion.untested).toContain(`shard ${planned.rows[0]?.shard} could not test: its artifact`)
  },
  LIMIT,
)

test('without a plan there is no green', async () => {
  const step = await verdict({ plan: '' }, { id: 'none' }, { build: 'failure', plan: 'skipped', test: 'skipped' })
  expect(came(step)).toEqual(['failure', 'could-not-test'])
  expect(step.outputs.get('reason')).toContain('job `build` ended as failure')
})
