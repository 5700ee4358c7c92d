import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runCli } from '../../src/cli/cli.js'
import { createFiles } from '../../src/ports/real/files.js'
import { cliContext } from './cli-context.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-plan-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

async function plan(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const { context, printed } = cliContext(directory, { files: createFiles() })
  return { exitCode: await runCli(['plan', '--times', 'times.json', ...argv], context), ...printed }
}

const FORM = '{"fixed":{"guest":s,"start":s},"tests":[{"suite","section","name","seconds"}…]}'
const times = (text: string) => writeFileSync(join(directory, 'times.json'), text)
const tests = [40, 30, 20, 10].map((seconds, index) => ({ suite: 'fstests', section: 'xfs_4k', name: `generic/00${index + 1}`, seconds }))
const table = JSON.stringify({ fixed: { guest: 5, start: 2 }, tests })

test('a table of times is shared out, with no bundle and no Nix', async () => {
  times(table)
  const { exitCode, out } = await plan('--shards', '2', '--json')
  expect(exitCode).toBe(0)
  const { shards } = JSON.parse(out) as { shards: { tests: { name: string }[]; seconds: number }[] }
  expect(shards.map(({ seconds }) => seconds)).toEqual([57, 57])
  expect(shards.flatMap((shard) => shard.tests.map(({ name }) => name)).sort()).toEqual(tests.map(({ name }) => name))
})

test.each([
  ['a table that is not there', null, [], `there is no file times.json. Name a table of times. It is \`${FORM}\`.`],
  ['no JSON', '{"fixed":', [], FORM],
  ['another JSON', '{"fixed":{}}', [], FORM],
  ['both how many shards and for how many runners', table, ['--shards', '3', '--runners', '2'], 'Give'],
])('%s is refused, with the next step', async (_what, text, argv, said) => {
  if (text !== null) times(text)
  const { exitCode, out, err } = await plan(...argv)
  expect({ exitCode, out }).toEqual({ exitCode: 2, out: '' })
  expect(err.replaceAll(/\s+/g, ' ')).toContain(said)
  // Each reason once.
  const sentences = err.split(/(?<=[.:]) |\n/).filter((sentence) => sentence.length > 12)
  expect(new Set(sentences).size).toBe(sentences.length)
})
