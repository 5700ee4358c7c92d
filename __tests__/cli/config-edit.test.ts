import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runCli } from '../../src/cli/cli.js'
import type { Ports } from '../../src/ports/index.js'
import { createFiles } from '../../src/ports/real/files.js'
import { cliContext } from './cli-context.js'

/** What the tree's Kconfig knows. XFS_DEBUG depends on EXPERT, which nothing here sets. */
const KCONFIG = [
  'config XFS_FS\n\tbool "XFS"\n',
  'config XFS_DEBUG\n\tbool "XFS debugging"\n\tdepends on XFS_FS && EXPERT\n',
  'config EXPERT\n\tbool "Expert"\n',
  'config KASAN\n\tbool "KASAN"\n',
].join('\n')

let tree: string
let fragment: string
beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'vmtest-config-edit-'))
  fragment = join(tree, '.vmtest/kernel.config')
  mkdirSync(join(tree, 'scripts/kconfig'), { recursive: true })
  for (const name of ['Kbuild', 'MAINTAINERS', 'scripts/kconfig/merge_config.sh']) writeFileSync(join(tree, name), '')
  writeFileSync(join(tree, 'Kconfig'), KCONFIG)
})
afterEach(() => rmSync(tree, { recursive: true }))

/** Programs of a machine whose kconfig keeps what is asked, but for what needs EXPERT; `byHand` is the person at the terminal. */
function exec(byHand: (argv: readonly string[], objects: string) => number): Ports['exec'] {
  const answer = (code: number, stdout = '') => ({ code, signal: null, stdout, stderr: '', timedOut: false })
  const objectsOf = (argv: readonly string[]) => argv.find((word) => word.startsWith('O='))?.slice(2) ?? ''
  const settle = (config: string) => {
    const lines = readFileSync(config, 'utf8').split('\n')
    const isExpert = lines.includes('CONFIG_EXPERT=y')
    writeFileSync(config, lines.filter((line) => line !== 'CONFIG_EXPRT=y' && (isExpert || line !== 'CONFIG_XFS_DEBUG=y')).join('\n'))
  }
  return {
    which: async (program: string) => (['make', 'gcc', 'flex', 'bison', 'bc', 'vi'].includes(program) ? `/bin/${program}` : null),
    interactive: async (argv: readonly string[]) => {
      const code = byHand(argv, objectsOf(argv))
      if (argv[0] === 'make') settle(join(objectsOf(argv), '.config'))
      return { code, signal: null }
    },
    run: async (argv: readonly string[]) => {
      const config = join(objectsOf(argv), '.config')
      if (argv[0] === 'uname') return answer(0, 'x86_64\n')
      if (argv[0] === 'nproc') return answer(0, '2\n')
      if (argv[0] === 'sh') {
        const [, , , , output = '', , ...fragments] = argv
        for (const path of fragments) writeFileSync(join(output, '.config'), readFileSync(path), { flag: 'a' })
      } else if (argv.includes('tinyconfig')) writeFileSync(config, '')
      else if (argv.includes('olddefconfig')) settle(config)
      else if (argv.includes('savedefconfig')) writeFileSync(join(objectsOf(argv), 'defconfig'), readFileSync(config))
      else if (argv[0] !== 'grep') throw new Error(`unexpected command: ${argv.join(' ')}`)
      return answer(0)
    },
  } as unknown as Ports['exec']
}

const edit = (argv: readonly string[], ...rest: [byHand?: Parameters<typeof exec>[0], env?: Record<string, string>]) =>
  config(['edit', ...argv], ...rest)

async function config(argv: readonly string[], byHand: Parameters<typeof exec>[0] = () => 1, env: Record<string, string> = {}) {
  const clock = { now: () => new Date(0), monotonicSeconds: () => 0, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 1)) }
  const runner = { env, untrusted: () => undefined } as unknown as Ports['runner']
  const { context, printed } = cliContext(tree, { files: createFiles(), exec: exec(byHand), clock, runner })
  const onTerminal = { ...context, stdout: { ...context.stdout, isTerminal: true } }
  return { exitCode: await runCli(['config', ...argv], onTerminal), ...printed }
}

test('what is set is kept beside the tree, and what does not survive is named with what it needs and costs', async () => {
  const { exitCode, out } = await edit(['--set', 'XFS_DEBUG=y', '--set', 'CONFIG_NOT_THERE=y', '--set', 'CONFIG_EXPRT=y'])
  expect(exitCode).toBe(0)
  expect(readFileSync(fragment, 'utf8')).toBe('CONFIG_XFS_DEBUG=y\nCONFIG_NOT_THERE=y\nCONFIG_EXPRT=y\n')
  expect(out).toContain(`${fragment}: 3 options. The next run builds it.`)
  expect(out).toContain('CONFIG_XFS_DEBUG=y (kernel.config:1) is not in the configuration: needs EXPERT.')
  expect(out).toContain(
    'CONFIG_EXPRT=y (kernel.config:3) is not in the configuration: no Kconfig file of this tree declares it (did you mean CONFIG_EXPERT?).',
  )
  const expert = await edit(['--drop', 'NOT_THERE', '--drop', 'EXPRT', '--set', 'CONFIG_EXPERT=y'])
  expect(expert.out).toContain(`${fragment}: 2 options. The next run builds it.`)
  expect(expert.out).not.toContain('XFS_DEBUG')
})

test('a fragment by name goes in and out as a whole', async () => {
  await edit(['--set', 'CONFIG_XFS_DEBUG=y', '--set', 'kasan'])
  expect(readFileSync(fragment, 'utf8')).toMatch(/^CONFIG_KASAN=y$/m)
  await edit(['--drop', 'kasan'])
  expect(readFileSync(fragment, 'utf8')).toBe('CONFIG_XFS_DEBUG=y\n')
  const { out } = await edit(['--drop', 'XFS_DEBUG'])
  expect(existsSync(fragment)).toBe(false)
  expect(out).toContain('nothing is asked for beside the usual')
})

test('the editor gets the fragment; a line that is no option is refused by its number, and kept', async () => {
  const editor = (text: string) => (argv: readonly string[]) => {
    expect(argv.slice(0, 3)).toEqual(['sh', '-c', 'code --wait "$@"'])
    writeFileSync(argv[4] ?? '', text)
    return 0
  }
  const env = { EDITOR: 'code --wait' }
  const { exitCode, err } = await edit([], editor('CONFIG_EXPERT=y\nXFS_DEBUG=y\n'), env)
  expect(exitCode).toBe(2)
  expect(err).toContain('line 2, `XFS_DEBUG=y`, is no option (did you mean `CONFIG_XFS_DEBUG=y`?)')
  expect(readFileSync(fragment, 'utf8')).toBe('CONFIG_EXPERT=y\nXFS_DEBUG=y\n')
  expect((await edit([], editor('CONFIG_EXPERT=y\nCONFIG_XFS_DEBUG=y\n'), env)).out).toContain('2 options. The next run builds it.')
  expect((await edit([], editor('CONFIG_EXPERT=y\nCONFIG_XFS_DEBUG=y\n'), env)).out).toContain('2 options. Nothing changed.')
})

test('an editor that fails changes nothing, and leaves no empty fragment', async () => {
  const { exitCode, err } = await edit([], () => 1)
  expect([exitCode, existsSync(fragment)]).toEqual([2, false])
  expect(err).toContain('The editor (vi) ended with 1; nothing was changed.')
})

test('a menu’s choices become the fragment', async () => {
  const menu = (argv: readonly string[], objects: string) => {
    expect(argv.at(-1)).toBe('nconfig')
    writeFileSync(join(objects, '.config'), 'CONFIG_EXPERT=y\nCONFIG_XFS_DEBUG=y\n', { flag: 'a' })
    return 0
  }
  expect((await edit(['--with', 'nconfig'], menu)).exitCode).toBe(0)
  expect(readFileSync(fragment, 'utf8')).toBe('CONFIG_EXPERT=y\nCONFIG_XFS_DEBUG=y\n')
  const { exitCode, err } = await edit(['--with', 'nconfig'], () => 2)
  expect(exitCode).toBe(69)
  expect(err).toContain('libncurses-dev')
})

test('in a tree, show and diff are of its own configuration, the fragment beside it included', async () => {
  expect(await config(['diff'])).toMatchObject({ exitCode: 2, err: expect.stringContaining('is not configured yet') })
  await edit(['--set', 'CONFIG_XFS_DEBUG=y'])
  expect((await config(['show'])).out).toMatch(/^CONFIG_XFS_DEBUG=y +kernel$/m)
  const lacking = {
    exitCode: 1,
    out: expect.stringContaining('CONFIG_XFS_DEBUG=y (kernel.config:1) is not in the configuration: needs EXPERT.'),
  }
  expect(await config(['diff'])).toMatchObject(lacking)
  expect((await config(['diff', 'kasan'])).out).toContain('CONFIG_KASAN=y (kasan.config')
  writeFileSync(join(tree, 'kasan'), 'CONFIG_KASAN=y\n')
  expect((await config(['diff', 'kasan', 'kasan'])).out).not.toContain('CONFIG_KASAN=y')
})

test('outside a tree, and a word that is nothing, are usage errors', async () => {
  rmSync(join(tree, 'Kbuild'))
  expect(await edit(['--set', 'kasan'])).toMatchObject({ exitCode: 2, err: expect.stringContaining("is not a kernel's source tree") })
  writeFileSync(join(tree, 'Kbuild'), '')
  expect(await edit(['--set', 'kazan'])).toMatchObject({ exitCode: 2, err: expect.stringContaining('`kazan` is neither an option') })
})

test('interrupted, or where the tree cannot be configured, nothing that was asked for is kept', async () => {
  await edit(['--set', 'CONFIG_EXPERT=y'])
  const before = readFileSync(fragment, 'utf8')
  const clock = { now: () => new Date(0), monotonicSeconds: () => 0, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 1)) }
  const runner = { env: {}, untrusted: () => undefined } as unknown as Ports['runner']
  const ending = new AbortController()
  const whole = exec(() => 1)
  const interrupted = {
    ...whole,
    run: async (argv: readonly string[], options?: object) => {
      if (argv.includes('olddefconfig')) ending.abort()
      return ending.signal.aborted ? { code: null, signal: 'SIGTERM', stdout: '', stderr: '', timedOut: false } : whole.run(argv, options)
    },
  } as unknown as Ports['exec']
  const { context, printed } = cliContext(tree, { files: createFiles(), exec: interrupted, clock, runner }, ending.signal)
  expect(await runCli(['config', 'edit', '--set', 'kasan'], context)).toBe(130)
  expect(printed.err).toContain(`Interrupted: ${fragment} is as it was.`)
  expect(readFileSync(fragment, 'utf8')).toBe(before)
  const failing = {
    ...whole,
    run: async (argv: readonly string[], options?: object) =>
      argv.includes('tinyconfig') ? { code: 2, signal: null, stdout: '', stderr: '', timedOut: false } : whole.run(argv, options),
  } as unknown as Ports['exec']
  const second = cliContext(tree, { files: createFiles(), exec: failing, clock, runner })
  expect(await runCli(['config', 'edit', '--set', 'kasan'], second.context)).toBe(65)
  expect(second.printed.err).toContain(`${fragment} is as it was.`)
  expect(readFileSync(fragment, 'utf8')).toBe(before)
})
