import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { runCli } from '../../../src/cli/cli.js'
import type { Runner } from '../../../src/ports/index.js'
import { createClock } from '../../../src/ports/real/clock.js'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { cliContext } from '../../cli/cli-context.js'
import { History } from './history.js'

let history: History
beforeEach(() => {
  history = new History()
  // Kernels that do not build: there is a Makefile, and it says why not.
  history.commit(
    [1, 2, 3, 4].map((number) => ({
      subject: `change ${number}`,
      files: { Makefile: `tinyconfig:\n\t@echo "fs/a.c:${number}:1: error: no" >&2; exit 1\n` },
    })),
  )
})
afterEach(() => history.remove())

async function command(...argv: string[]) {
  const { context, printed } = cliContext(history.tree, {
    exec: createExec(),
    files: createFiles(),
    clock: createClock(),
    runner: { env: { PATH: process.env.PATH } } as unknown as Runner,
  })
  const work = join(history.root, 'work')
  const exitCode = await runCli(['bisect', '--work', work, ...argv, 'generic/001'], context)
  return { exitCode, work, ...printed }
}

describe('vmtest bisect', () => {
  test('does not take a kernel that does not build for a bad one', async () => {
    const { exitCode, err, work } = await command('--good', 'HEAD~3')
    expect(exitCode).toBe(69)
    expect(err).toMatch(
      /^bisect: step 1, [0-9a-f]{12} change 4: skip \(does not build: `make tinyconfig` fails: fs\/a\.c:4:1: error: no\)$/m,
    )
    expect(err).toMatch(/^vmtest: The bad end, [0-9a-f]{12} change 4, is not bad/m)
    expect(existsSync(join(work, 'source'))).toBe(false)
  })

  test('lists the candidates where all are skipped, and leaves its log and each build’s', async () => {
    const output = join(history.root, 'output')
    const before = history.state()
    const { exitCode, out } = await command('--good', 'HEAD~3', '--no-verify', '--output', output, '--json')
    expect(exitCode).toBe(69)
    const result = JSON.parse(out)
    expect(result.ending.candidates.map(({ subject }: { readonly subject: string }) => subject).sort()).toEqual([
      'change 2',
      'change 3',
      'change 4',
    ])
    expect(JSON.parse(readFileSync(join(output, 'bisect.json'), 'utf8'))).toEqual(result)
    expect(readFileSync(join(output, 'bisect.log'), 'utf8')).toMatch(/^git bisect skip /m)
    const [step] = result.steps
    expect(readFileSync(join(output, `01-${step.commit.hash.slice(0, 12)}.build.log`), 'utf8')).toContain('error: no')
    expect(history.state()).toBe(before)
  })

  test('configures what is asked for by --kconfig and by suites of the kernel’s own tests, on a file of one’s own too', async () => {
    const files = {
      Makefile: 'tinyconfig:\n\t@mkdir -p $(O); echo CONFIG_TINY=y >$(O)/.config\nolddefconfig:\n\t@cat $(O)/.config >&2; exit 1\n',
    }
    history.commit([5, 6].map((number) => ({ subject: `change ${number}`, files: { ...files, note: String(number) } })))
    const asked = ['--suite', 'kunit', '--kconfig', 'CONFIG_OWN_KUNIT_TEST=y', '--good', 'HEAD~2', '--no-verify']
    const logOf = async (name: string, ...more: string[]) => {
      const output = join(history.root, name)
      await command(...asked, '--output', output, ...more)
      const log = readdirSync(output).find((file) => file.endsWith('.build.log')) ?? ''
      return readFileSync(join(output, log), 'utf8')
    }
    expect(await logOf('a')).toMatch(/CONFIG_TINY=y[\s\S]*CONFIG_KUNIT=y[\s\S]*CONFIG_OWN_KUNIT_TEST=y/)
    writeFileSync(join(history.root, 'config'), 'CONFIG_FILE=y\n')
    const log = await logOf('b', '--config', join(history.root, 'config'))
    expect(log).toMatch(/CONFIG_FILE=y[\s\S]*CONFIG_KUNIT=y[\s\S]*CONFIG_OWN_KUNIT_TEST=y/)
    expect(log).not.toContain('CONFIG_TINY')
  })

  test.each([
    ['a kernel of one’s own', ['--good', 'HEAD~3', '--kernel', 'bzImage'], '`--kernel` is given'],
    ['no number of jobs', ['--good', 'HEAD~3', '--jobs', 'many'], '`--jobs` is `many`'],
    ['no good end', [], "required option '--good <revision>' not specified"],
    ['an unknown option of a run', ['--good', 'HEAD~3', '--accelerator', 'warp'], 'warp'],
  ])('refuses %s before anything is made', async (_what, argv, message) => {
    const { exitCode, err, work } = await command(...argv)
    expect([exitCode, err]).toEqual([2, expect.stringContaining(message)])
    expect(existsSync(work)).toBe(false)
  })

  test('never writes over results', async () => {
    const output = join(history.root, 'output')
    mkdirSync(output)
    writeFileSync(join(output, 'bisect.log'), 'of before')
    expect(await command('--good', 'HEAD~3', '--output', output)).toMatchObject({
      exitCode: 2,
      err: expect.stringContaining('is not empty'),
    })
    expect(readFileSync(join(output, 'bisect.log'), 'utf8')).toBe('of before')
  })
})
