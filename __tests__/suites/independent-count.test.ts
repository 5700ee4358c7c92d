import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { gatherEvidence, readFstestsResults } from '../../src/suites/fstests/index.js'
import { diskFiles } from './tree-files.js'

const realTrees = join(import.meta.dirname ?? __dirname, '../../../shared/fstests-results')
const trees = existsSync(realTrees) ? readdirSync(realTrees, { withFileTypes: true }).filter((entry) => entry.isDirectory()) : []
if (trees.length === 0) console.warn(`skipped: no real fstests results at ${realTrees}`)

/** Counts by what the summary and the files say, in another way than the reader: `Ran`, `Not run`, `Failures` and the [expunged] lines. */
function countAlone(directory: string): Map<string, string> {
  const stdout = readFileSync(join(directory, 'check.stdout'), 'latin1')
  const list = (title: string) => [...stdout.matchAll(new RegExp(`^${title}: (.*)$`, 'gm'))].flatMap((match) => (match[1] ?? '').split(' '))
  const statuses = new Map<string, string>()
  for (const [, name = ''] of stdout.matchAll(/^(\S+\/\d{3}) +\[expunged\]$/gm)) statuses.set(name, 'expunged')
  for (const name of list('Ran')) statuses.set(name, 'pass')
  for (const name of list('Not run')) statuses.set(name, 'notrun')
  for (const name of list('Failures')) statuses.set(name, 'fail')
  return statuses
}

const onRealTrees = trees.length > 0 ? test.each(trees.map((entry) => entry.name)) : test.skip.each(['no real results here'])
onRealTrees('%s: every status is what an independent count says, none lost, nobody disagrees', async (name) => {
  const directory = join(realTrees, name)
  const read = readFstestsResults(await gatherEvidence(diskFiles, directory))
  const statuses = new Map(read.verdicts.map((verdict) => [verdict.name, verdict.attempts.map((attempt) => attempt.status).join(' ')]))
  expect(Object.fromEntries(statuses)).toEqual(Object.fromEntries(countAlone(directory)))
  expect(read.disagreements).toEqual([])
  expect(read.problems).toEqual([])
})
