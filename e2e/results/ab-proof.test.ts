import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { HARMLESS_BUGS, HEAD_BUGS, NOT_ON_BASE, PLANTED } from './planted.js'
import { type Nursery, openNursery } from './planted-bundle.js'
import { junitWords, pageDetail, pagePlaces, summaryPart } from './renderings.js'
import { runStep, type Step } from './step.js'

// A failure of the base's kernel that its run did not see, because it left the test out. Real guests on both bundles.
const LIMIT = 900_000
const REGRESSION = 'selftest/911'

let nursery: Nursery
let baseBundle: string
let base: Step

beforeAll(async () => {
  nursery = await openNursery(PLANTED)
  mkdirSync(join(nursery.directory, 'workspace'))
  baseBundle = nursery.plant('base-1', ['shared'])
  base = await stepOn(baseBundle, 'selftest/910', {})
}, LIMIT)
afterAll(() => nursery?.close())

function stepOn(bundle: string, tests: string, inputs: Record<string, string>): Promise<Step> {
  return runStep({
    workspace: join(nursery.directory, 'workspace'),
    directory: nursery.directory,
    inputs: { bundle, suite: 'smoke', sections: 'ext4', tests, accelerator: 'tcg', vms: '1', cache: 'false', upload: 'never', ...inputs },
  })
}

const headOn = (bugs: readonly string[], inputs: Record<string, string>) =>
  stepOn(nursery.plant('head-1', bugs), `${REGRESSION} ${NOT_ON_BASE}`, { baseline: base.outputs.record ?? '', ...inputs })

test(
  'without the base bundle both failures are new',
  async () => {
    const step = await headOn(HEAD_BUGS, {})
    expect(step.red).toContain('2 new failures')
    // The lab's bundles lie in no store, so that the record remembers none.
    expect(base.record.bundlePath).toBeUndefined()
    expect(step.log).toContain('new failures are not tried on the base: the baseline does not say where its bundle lies')
  },
  LIMIT,
)

test(
  'a failure of both kernels is known, with the evidence; the regression alone is red',
  async () => {
    const step = await headOn(HEAD_BUGS, { 'base-bundle': baseBundle })
    expect(pagePlaces(step)).toEqual({ [REGRESSION]: 'new', [NOT_ON_BASE]: 'known' })
    expect(junitWords(step)).toEqual({ [REGRESSION]: 'failure fail', [NOT_ON_BASE]: 'failure known-fail' })
    expect(summaryPart(step, '### New failures')).toEqual([REGRESSION])
    expect(summaryPart(step, 'Known failures')).toEqual([NOT_ON_BASE])
    expect(step.red).toBe('1 new failure: ext4 selftest/911 (fail); 1 more known.')
    expect(step.outputs['new-failures']).toBe('1')
    const verdicts = Object.fromEntries(step.record.tests.map(({ name, onBase }) => [name, onBase]))
    expect(verdicts[REGRESSION]).toMatchObject({ status: 'pass', revision: 'base-1', bundlePath: baseBundle })
    expect(verdicts[NOT_ON_BASE]).toMatchObject({ status: 'fail', revision: 'base-1', attempts: [{ status: 'fail' }] })
    expect(verdicts[NOT_ON_BASE]?.attempts[0]?.logs.console).toBe('base/guests/2/console.log')
    expect(step.summary).toContain("passes on the base's kernel base-1")
    for (const text of [step.summary, step.junit]) expect(text).toContain("fails on the base's kernel base-1 too (fail: output mismatch")
    expect(pageDetail(step, NOT_ON_BASE).base?.said).toContain("fails on the base's kernel base-1 too")
  },
  LIMIT,
)

test(
  'with nothing but the failure of both kernels the step is green',
  async () => {
    const step = await headOn(HARMLESS_BUGS, { 'base-bundle': baseBundle })
    expect([step.outputs.conclusion, step.outputs['new-failures'], step.red]).toEqual(['passed', '0', ''])
    expect(step.outputs.failed).toBe('1')
  },
  LIMIT,
)

test(
  'the base bundle is the one the baseline remembers, where that lies in a store',
  async () => {
    const before = await stepOn(nursery.original, 'selftest/001', {})
    expect(before.record.bundlePath).toBe(nursery.original)
    // selftest/002 fails on every kernel.
    const step = await stepOn(nursery.plant('head-2', []), 'selftest/001 selftest/002', { baseline: before.outputs.record ?? '' })
    expect([step.outputs.conclusion, step.red]).toEqual(['passed', ''])
    expect(pagePlaces(step)).toEqual({ 'selftest/001': 'pass', 'selftest/002': 'known' })
    expect(step.record.tests[1]?.onBase).toMatchObject({ status: 'fail', bundlePath: nursery.original })
    const switchedOff = await stepOn(nursery.plant('head-2', []), 'selftest/001 selftest/002', {
      baseline: before.outputs.record ?? '',
      'ab-proof': 'false',
    })
    expect(switchedOff.red).toContain('1 new failure')
  },
  LIMIT,
)
