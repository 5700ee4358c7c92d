import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { exitCode } from '../../src/domain/verdict.js'
import { readResultsDirectory } from '../../src/results/index.js'
import { localConfigSections } from '../../src/suites/fstests/index.js'
import { diskFiles } from '../suites/tree-files.js'

/** Faults that people reported, written anew; they lie beside the checkout and are no part of it. Logs: `__tests__/crash/shared-cases.test.ts`. */
const shared = join(import.meta.dirname, '../../../shared/cases/reports')
const present = existsSync(shared)
if (!present) console.warn(`skipped: no cases at ${shared}`)
const sharedTest = present ? test : test.skip
const context = { toolVersion: '0', now: '2026-11-30T00:00:00.000Z' }
const localConfig = (name: string, section: string) =>
  localConfigSections(readFileSync(join(shared, name, 'local.config'), 'utf8'), 'local.config', 'fstests').resolve([section])

sharedTest('x86-int3: a trap of whatever name fails its test', async () => {
  const { conclusion, tests } = await readResultsDirectory(diskFiles, join(shared, 'x86-int3/results'), context)
  expect(exitCode(conclusion, 'any')).toBe(1)
  expect(tests.map(({ name, status }) => [name, status])).toContainEqual(['generic/013', 'fail'])
})

sharedTest('fstests-hint: the hint is part of the message', async () => {
  const { tests } = await readResultsDirectory(diskFiles, join(shared, 'fstests-hint'), context)
  const messages = tests.map(({ name, attempts }) => [name, attempts[0]?.message?.replace('HINT: ', '')])
  const hint = 'You _MAY_ be missing xfsprogs fix:\n      0123456789ab mkfs: an invented commit title'
  expect(messages).toEqual([['xfs/549', expect.stringMatching(new RegExp(`^output mismatch\n${hint}$`))]])
})

sharedTest('local-config-self-append: a name that is not set stands for nothing where it is added to', () => {
  const { sections, problems } = localConfig('local-config-self-append', 'xfs_quota')
  expect(problems).toEqual([])
  expect(sections[0]?.environment.TEST_FS_MOUNT_OPTS).toBe(' -o usrquota,grpquota,prjquota')
})

sharedTest('local-config-device-in-mount-options: the name of another machine’s device does not reach the guest', () => {
  const { sections, problems } = localConfig('local-config-device-in-mount-options', 'xfs_crc_logdev')
  const options = sections[0]?.environment.TEST_FS_MOUNT_OPTS ?? ''
  expect([problems.length > 0, options]).not.toEqual([false, expect.stringContaining('loop13')])
})
