import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { runCli } from '../../src/cli/cli.js'
import type { Runner } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { cliContext } from '../cli/cli-context.js'
import { History } from './bisect/history.js'

let history: History
let mailbox: string
beforeAll(() => {
  history = new History()
  const kernel = { Makefile: 'VERSION = 6\n', Kbuild: '', MAINTAINERS: '', 'scripts/kconfig/merge_config.sh': '' }
  history.commit([1, 2, 3].map((number) => ({ subject: `change ${number}`, files: { ...kernel, 'fs/xfs/a.c': `${number}\n` } })))
  mailbox = join(history.root, 'series.mbx')
  writeFileSync(mailbox, history.git('format-patch', '--stdout', '--base=main~1', 'main~1'))
  history.git('reset', '--quiet', '--hard', 'main~1')
  mkdirSync(join(history.root, 'taken/before'), { recursive: true })
})
afterAll(() => history.remove())

/** Everything there is outside git's own directory. */
const everything = () => (readdirSync(history.root, { recursive: true }) as string[]).filter((path) => !path.includes('.git')).sort()

async function vmtest(...argv: string[]): Promise<{ readonly exitCode: number; readonly err: string }> {
  const ports = {
    ...{ exec: createExec(), files: createFiles(), clock: createClock() },
    runner: { env: { PATH: process.env.PATH } } as unknown as Runner,
  }
  const { context, printed } = cliContext(history.tree, ports)
  return { exitCode: await runCli(argv, context), err: printed.err }
}

/** The commands of several runs, as they would go on for minutes if a word were not refused; watching is refused by the context. */
const COMMANDS: readonly (readonly [string, () => readonly string[]])[] = [
  ['series', () => ['series', mailbox]],
  ['bisect', () => ['bisect', '--good', 'HEAD~1']],
  ['watch', () => ['watch', '--kernel-tree', history.tree]],
]

const WORDS: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['a suite', ['--suite', 'smok', 'generic/001'], /`?smok`?/],
  ['a section', ['--suite', 'smoke', '-s', 'xsf', 'generic/001'], /unknown section `xsf` \(did you mean `xfs`\?\)/],
  ['a group', ['--suite', 'smoke', '-x', 'qick', 'generic/001'], /unknown group `qick` \(did you mean `quick`\?\)/],
  ['a test', ['--suite', 'smoke', 'generic/999'], /unknown test `generic\/999`/],
  ['a tree of tests', ['--fstests', 'nowhere', 'generic/001'], /fstests is \S*nowhere, which is not there/],
  ['a list', ['--suite', 'smoke', '--exclude-file', 'nowhere', 'generic/001'], /nowhere/],
  ['a bundle', ['--bundle', 'nowhere', '--suite', 'smoke', 'generic/001'], /There is no VM bundle at/],
  ['a baseline', ['--suite', 'smoke', '--baseline', 'nowhere', 'generic/001'], /baseline is \S*nowhere, where there is no record/],
  ['a fragment', ['--suite', 'smoke', '--kconfig', 'nowhere.config', 'generic/001'], /nowhere\.config/],
]

describe.each(COMMANDS)('vmtest %s', (_command, begun) => {
  test.each(WORDS)('refuses %s that is not there before anything is made', async (_what, words, message) => {
    const before = [everything(), history.state()]
    const { exitCode, err } = await vmtest(...begun(), ...words)
    expect([exitCode, err]).toEqual([2, expect.stringMatching(message)])
    // Neither a worktree nor a note of one that was being made, nor a directory of results.
    expect([everything(), history.state()]).toEqual(before)
    expect(err).not.toMatch(/git checks|watching/)
  })
})

const OK = ['--suite', 'smoke', 'generic/001'] as const
test.each<[string, () => readonly string[], RegExp]>([
  ['a mailbox that is not there', () => ['series', 'nowhere.mbx', ...OK], /There is no mailbox at \S*nowhere\.mbx/],
  ['a base that is not there', () => ['series', mailbox, '--base', 'v9.99', ...OK], /`v9\.99` is no commit/],
  ['results that are there', () => ['series', mailbox, '--output', join(history.root, 'taken'), ...OK], /taken is not empty/],
  [
    'results that cannot be written',
    () => ['series', mailbox, '--output', '/proc/vmtest/x', ...OK],
    /\/proc\/vmtest\/x cannot be made or written/,
  ],
  ['a good end that is not there', () => ['bisect', '--good', 'v9.99', ...OK], /`v9\.99` is no commit/],
  ['ends that are one', () => ['bisect', '--good', 'HEAD', ...OK], /are one commit/],
  ['ends the wrong way round', () => ['bisect', '--good', 'HEAD', '--bad', 'HEAD~1', ...OK], /is older than the good one/],
  [
    'a path that no commit touches',
    () => ['bisect', '--good', 'HEAD~1', '--path', 'fs/xsf', ...OK],
    /There is no commit between .* that touches fs\/xsf/,
  ],
  [
    'a configuration that is not there',
    () => ['bisect', '--good', 'HEAD~1', '--config', 'nowhere', ...OK],
    /`--config` is nowhere, which is not there/,
  ],
  ['results of before', () => ['bisect', '--good', 'HEAD~1', '--output', join(history.root, 'taken'), ...OK], /taken is not empty/],
  ['a run that is not there', () => ['again', '--run', 'nowhere'], /nowhere/],
])('%s: refused, and nothing is made', async (_what, argv, message) => {
  const before = [everything(), history.state()]
  const { exitCode, err } = await vmtest(...argv())
  expect([exitCode, err]).toEqual([2, expect.stringMatching(message)])
  expect([everything(), history.state()]).toEqual(before)
  expect(existsSync(join(history.tree, 'cache'))).toBe(false)
})
