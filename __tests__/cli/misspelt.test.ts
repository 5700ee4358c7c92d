import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { runCli } from '../../src/cli/cli.js'
import { createFiles } from '../../src/ports/real/files.js'
import { cliContext } from './cli-context.js'

const directory = mkdtempSync(join(tmpdir(), 'vmtest-misspelt-'))
afterAll(() => rmSync(directory, { recursive: true }))

async function vmtest(...argv: string[]): Promise<{ exitCode: number; err: string }> {
  const { context, printed } = cliContext(directory, { files: createFiles() })
  return { exitCode: await runCli(argv, context), err: printed.err }
}

// The context has no Nix, no clock and no QEMU: whatever is refused here is refused before anything is made.
test.each([
  [['wacth', 'generic/475'], '`vmtest watch generic/475`'],
  [['agian'], '`vmtest again`'],
  [['confg', 'show'], '`vmtest config show`'],
  [['bisct', '--good', 'v6.1'], '`vmtest bisect --good v6.1`'],
  [['--changd'], '--changed'],
  [['run', '--sectoin', 'xfs'], '--section'],
  [['config', 'shwo'], 'show'],
])('%j', async (argv, meant) => {
  const { exitCode, err } = await vmtest(...argv)
  expect(exitCode).toBe(2)
  expect(err).toMatch(/did you mean/i)
  expect(err).toContain(meant)
})

test.each(['001', 'generic', 'test', 'quick', 'xfs/001', 'generic/00?'])('%s is left to the search for tests', async (word) => {
  // It goes on to make a plan, which this context cannot.
  expect((await vmtest(word)).err).toContain('unexpected use of the port clock')
})
