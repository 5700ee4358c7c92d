import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Services } from '../services/services.js'
import { type BranchWorld, type Kernel, openBranchWorld, type Ran, type WorkflowRun } from './branch-world.js'

// The ordinary life of a branch, as the cache service and the runner show it to the action: what excuses what, and what does not.
const LIMIT = 900_000

let services: Services
let world: BranchWorld

beforeAll(async () => {
  services = await Services.start()
  world = await openBranchWorld(services)
}, LIMIT)
afterAll(async () => {
  world?.close()
  await services?.stop()
})

let runs = 0
type Push = Omit<WorkflowRun, 'id' | 'event' | 'branch'> & Partial<WorkflowRun>
const run = (push: Push): Promise<Ran> => world.run({ id: String(100 + ++runs), event: 'push', branch: 'main', ...push })

/** What a run came to: its conclusion, the step's colour, and the commit it was compared with. */
function verdict({ step, outputs, record }: Ran): readonly [conclusion: string | undefined, step: string, comparedWith: string | null] {
  return [outputs.conclusion, step.conclusion, record.compared?.commit ?? null]
}
const PASSED = ['passed', 'success'] as const
const FAILED = ['failed', 'failure'] as const

interface Job {
  readonly matrix?: Readonly<Record<string, unknown>>
  /** What the breaking push breaks. */
  readonly broken: Kernel
  readonly inputs: Readonly<Record<string, string>>
}

async function expectKnown(job: Job, base: string, since: string, change: string): Promise<void> {
  const [name = ''] = Object.keys(job.broken)
  const ran = await run({ ...job, commit: change, kernel: job.broken, event: 'pull_request' })
  expect(verdict(ran)).toEqual([...PASSED, base])
  expect(ran.outputs).toMatchObject({ failed: '1', 'new-failures': '0', lost: '0' })
  expect(ran.record.tests.find((each) => each.name === name)?.before).toMatchObject({ status: 'fail', since })
  expect(ran.outputs.reason).toContain(since.slice(0, 12))
  // Compared with which commit, and since which one it fails.
  expect(ran.step.summary).toContain(`commit ${base.slice(0, 12)} of main`)
  expect(ran.step.summary).toContain(`not passed since ${since.slice(0, 12)}`)
}

test(
  'two jobs of a matrix with equal inputs: a branch breaks, nobody mends it, a change comes, it is mended',
  async () => {
    const jobs: readonly Job[] = [
      { matrix: { compiler: 'gcc' }, broken: { 'generic/002': 'fail' }, inputs: { 'ab-proof': 'true' } },
      { matrix: { compiler: 'clang' }, broken: { 'generic/003': 'fail' }, inputs: { 'ab-proof': 'true' } },
    ]
    const good = world.commit('main')
    const breaking = world.commit('main')
    const unmended = world.commit('main')
    const change = world.commit('topic', unmended)
    const merge = world.merge(unmended, change)
    const mended = world.commit('main')
    const names: (string | undefined)[] = []
    for (const job of jobs) {
      const first = await run({ ...job, id: '1', commit: good, kernel: {} })
      expect(verdict(first)).toEqual([...PASSED, null])
      names.push(first.outputs['artifact-name'])
      expect(verdict(await run({ ...job, id: '2', commit: breaking, kernel: job.broken }))).toEqual([...FAILED, good])
      expect(verdict(await run({ ...job, id: '2', attempt: 2, commit: breaking, kernel: job.broken }))).toEqual([...FAILED, good])
      expect(verdict(await run({ ...job, commit: unmended, kernel: job.broken }))).toEqual([...FAILED, good])
    }
    expect(new Set(names).size).toBe(2)
    for (const job of jobs) await expectKnown(job, unmended, breaking, merge)
    // What one job of the matrix knows excuses nothing in the other.
    const [gcc, clang] = jobs
    if (gcc === undefined || clang === undefined) throw new Error('two jobs')
    expect(verdict(await run({ ...clang, commit: merge, kernel: gcc.broken, event: 'pull_request' }))).toEqual([...FAILED, unmended])
    expect(verdict(await run({ ...gcc, commit: mended, kernel: {} }))).toEqual([...PASSED, good])
  },
  LIMIT,
)

test(
  'a first run that fails, without the A/B proof: never its own excuse, and known to a change',
  async () => {
    const job: Job = { broken: { 'generic/001': 'fail' }, inputs: { 'ab-proof': 'false', groups: 'quick' }, matrix: { first: 'fails' } }
    const first = world.commit('main')
    const unmended = world.commit('main')
    const change = world.commit('late-topic', unmended)
    const merge = world.merge(unmended, change)
    const mended = world.commit('main')
    expect(verdict(await run({ ...job, id: '50', commit: first, kernel: job.broken }))).toEqual([...FAILED, null])
    expect(verdict(await run({ ...job, id: '50', attempt: 2, commit: first, kernel: job.broken }))).toEqual([...FAILED, null])
    expect(verdict(await run({ ...job, commit: unmended, kernel: job.broken }))).toEqual([...FAILED, null])
    await expectKnown(job, unmended, first, merge)
    // By hand it is accepted all the same, with the run's address.
    const byHand = { ...job, commit: unmended, event: 'workflow_dispatch' as const, inputs: { ...job.inputs, 'accept-failures': 'true' } }
    const accepted = await run({ ...byHand, id: '60', kernel: job.broken })
    expect(verdict(accepted)).toEqual([...PASSED, null])
    expect(accepted.outputs.reason).toBe(
      'Accepted by hand in https://github.com/someone/linux/actions/runs/60: 1 failure: xfs generic/001 (fail).',
    )
    expect(verdict(await run({ ...job, commit: mended, kernel: { ...job.broken, 'generic/003': 'notrun' } }))).toEqual([
      ...FAILED,
      unmended,
    ])
    expect(verdict(await run({ ...job, commit: mended, kernel: {} }))).toEqual([...PASSED, unmended])
  },
  LIMIT,
)
