import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createFiles } from '../../src/ports/real/files.js'
import { localConfigSections } from '../../src/suites/fstests/local-config.js'
import { suites } from '../../src/suites/index.js'
import { type BuiltCommand, buildCommand, root } from '../cli/command.js'
import { commandsIn, commandsOf, type DocumentedCommand, pages, problemOf } from './commands.js'

const { sections } = JSON.parse(readFileSync(join(root, 'nix/sections/sections.json'), 'utf8')) as { sections: { name: string }[] }
const all = pages(root).flatMap((page) => commandsOf(root, page))

describe('the commands in the documentation', () => {
  it('are found', () => {
    expect(all.length).toBeGreaterThan(40)
    expect(new Set(all.map(({ page }) => page))).toContain('docs/howto/quick-start.md')
  })

  it.each(all)('$page:$line is a command line of the program: $words', async ({ words }) => {
    expect(await problemOf(words)).toBeNull()
  })

  it('name sections there are', async () => {
    const builtIn = await Promise.all(Object.values(suites).map((suite) => suite.builtInSections(createFiles(), root)))
    // A word may be bound to its suite.
    const known = new Set(builtIn.flat().flatMap(({ suite, name }) => [name, `${suite}:${name}`]))
    const named = all
      .filter(({ words }) => !words.includes('--local-config'))
      .flatMap(({ words }) => words.filter((_, at) => words[at - 1] === '-s'))
    expect(named.filter((name) => !known.has(name))).toEqual([])
  })
})

it.each([
  ['a misspelt option', '```sh\nvmtest run --acelerator tcg\n```', "unknown option '--acelerator'"],
  ['a value that is none', '```console\n$ vmtest run --accelerator kmv\n```', 'accelerator'],
  ['an operand too many', '```sh\nmake && vmtest probe now | head\n```', 'too many arguments'],
  ['an operand too few', 'Say `vmtest history --json`.', 'missing required argument'],
  ['a shell that is none', '```sh\neval "$(vmtest completion tcsh)"\n```', 'tcsh'],
])('sees %s', async (_, text, problem) => {
  const [command] = commandsIn(text, 'page.md')
  expect(await problemOf(command?.words ?? [])).toContain(problem)
})

describe('the harmless ones run', () => {
  let vmtest: BuiltCommand
  let place: string
  beforeAll(async () => {
    vmtest = await buildCommand()
    place = mkdtempSync(join(tmpdir(), 'vmtest-docs-'))
    mkdirSync(join(place, 'bin'))
    // A QEMU that runs no guest: emulation is what is left.
    for (const architecture of ['x86_64', 'aarch64']) {
      const qemu = join(place, `bin/qemu-system-${architecture}`)
      writeFileSync(qemu, '#!/bin/sh\n[ "$1" != --version ] || echo "QEMU emulator version 9.9.9"\nexit 0\n')
      chmodSync(qemu, 0o755)
    }
    writeFileSync(join(place, 'console.log'), '[    1.0] BUG: KASAN: slab-use-after-free in foo+0x1/0x2\n')
  })
  afterAll(() => {
    vmtest.remove()
    rmSync(place, { recursive: true })
  })

  const run = (words: readonly string[]) => {
    const env = { ...process.env, PATH: `${place}/bin:${process.env.PATH}`, HOME: place, XDG_CACHE_HOME: join(place, 'cache') }
    return spawnSync(join(vmtest.directory, 'vmtest'), words, { env, encoding: 'utf8', cwd: place, input: '' })
  }
  const named = (name: string): readonly DocumentedCommand[] => all.filter(({ words }) => words[0] === name)

  it.each([...new Set(all.map(({ words }) => words[0] ?? '').filter((word) => /^[a-z]+$/.test(word)))])('vmtest %s --help', (name) => {
    const { status, stdout } = run([name, '--help'])
    expect(status).toBe(0)
    expect(stdout).toContain(`Usage: vmtest ${name}`)
  })

  it.each(named('completion'))('$page:$line $words', ({ words }) => {
    const { status, stdout } = run(words)
    expect(status).toBe(0)
    expect(stdout).toContain('__complete')
  })

  // What `--changed` lists depends on a git tree and its upstream.
  it.each(all.filter(({ words }) => words[0] === 'list' && !words.includes('--help') && !words.includes('--changed')))(
    '$page:$line $words, on a bundle whose suite has what it names',
    ({ words }) => {
      const groups = words.filter((_, at) => words[at - 1] === '-g')
      writeBundle(place, [
        { name: 'generic/999', groups, file: 'tests/generic/999', line: 1 },
        { name: 'xfs/001', groups: ['dangerous'], file: 'tests/xfs/001', line: 1 },
      ])
      const withoutTree = words.filter((word, at) => word !== '--fstests' && words[at - 1] !== '--fstests')
      const { status, stdout, stderr } = run([...withoutTree, '--bundle', 'bundle'])
      // Notes on what was excluded are on standard error.
      expect({ status, stderr }).toMatchObject({ status: 0 })
      expect(stdout).toContain('generic/999')
    },
  )

  it('vmtest init', () => {
    mkdirSync(join(place, 'tree'))
    expect(run(['init', 'tree']).status).toBe(0)
    expect(readFileSync(join(place, 'tree/.envrc'), 'utf8')).toContain('use flake')
  })

  it('vmtest classify console.log, as text and as JSON', () => {
    expect(run(['classify', 'console.log']).stdout).toContain('KASAN: slab-use-after-free')
    expect(JSON.parse(run(['classify', '--json', 'console.log']).stdout)).toMatchObject({ firstLine: 1 })
  })

  it('vmtest probe --json', () => {
    const { status, stdout, stderr } = run(['probe', '--json'])
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(JSON.parse(stdout)).toMatchObject({ accelerator: 'tcg' })
  })
})

/** All that `list` reads of a bundle. */
function writeBundle(place: string, tests: readonly object[]): void {
  const bundle = join(place, 'bundle')
  mkdirSync(bundle, { recursive: true })
  for (const name of ['kernel', 'initrd', 'root']) writeFileSync(join(bundle, name), '')
  writeFileSync(join(bundle, 'catalogue.json'), JSON.stringify({ suite: 'fstests', tests }))
  const manifest = {
    version: 1,
    architecture: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    kernel: { image: 'kernel', release: '6.12.0' },
    initrd: 'initrd',
    rootImage: 'root',
    guestPath: ['/bin'],
    suites: [{ name: 'fstests', guestPath: '/xfstests', catalogue: 'catalogue.json' }],
    sections,
  }
  writeFileSync(join(bundle, 'vmtest.json'), JSON.stringify(manifest))
}

it('the section of the page on leaks has both disks and the variable that makes fstests scan', () => {
  const page = readFileSync(join(root, 'docs/howto/memory-errors.md'), 'utf8')
  const [, text = ''] = /```text\n([^`]*USE_KMEMLEAK[^`]*)```/.exec(page) ?? []
  const [section] = localConfigSections(text, 'kmemleak.section', 'fstests').resolve(['xfs_kmemleak']).sections
  expect(section).toMatchObject({
    settings: { fstyp: 'xfs' },
    disks: [{ role: 'test' }, { role: 'scratch' }],
    environment: { USE_KMEMLEAK: 'yes' },
  })
})

it.each(['list', 'history', 'probe', 'report', 'classify'])('what %s prints is also had as JSON', async (name) => {
  const operands: Readonly<Record<string, readonly string[]>> = { history: ['generic/001'], report: ['directory'] }
  expect(await problemOf([name, ...(operands[name] ?? []), '--json'])).toBeNull()
})
