import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bundle } from '../../scripts/bundle.mjs'
import { writeFakeBundle } from '../comparison/fake-bundle.js'
import { Services } from '../services/services.js'
import { findAct } from './find-act.js'
import { SharedWorkflow } from './shared-workflow.js'

const act = findAct()
if (act.kind === 'missing') process.stderr.write(`act: skipped: ${act.reason}\n`)
const described = act.kind === 'found' ? describe : describe.skip
const TESTS = ['generic/001', 'generic/002', 'generic/003', 'generic/004']

let services: Services
let world: SharedWorkflow

described('the reusable workflow under act', () => {
  beforeAll(async () => {
    services = await Services.start()
    world = SharedWorkflow.create(act.kind === 'found' ? act.path : '')
    await bundle({ entryPoints: [join(import.meta.dirname, '../comparison/fake-qemu.ts')], outfile: join(world.directory, 'fake-qemu.mjs') })
    const disks = [{ role: 'test', sizeMiB: 16 }]
    writeFakeBundle(join(world.directory, 'bundle'), {
      fakeQemu: join(world.directory, 'fake-qemu.mjs'),
      tests: TESTS,
      fates: { 'generic/003': 'notrun' },
      image: 'image',
      version: 2,
      sections: ['xfs', 'ext4'].map((name) => ({
        suite: 'fstests',
        name,
        disks,
        settings: { fstyp: name, mkfsOptions: '', mountOptions: '' },
      })),
    })
  })
  afterAll(async () => {
    world?.remove()
    await services?.stop()
  })

  test('try', async () => {
    world.commit({ bundle: join(world.directory, 'bundle'), tests: TESTS.join(' '), sections: 'xfs ext4', accelerator: 'tcg', vms: '1', memory: '512', shards: '4' })
    const run = await world.run(services.environment({ runId: 'act-1' }))
    process.stderr.write(run.text)
    expect(run.code).toBe(0)
  })
})
