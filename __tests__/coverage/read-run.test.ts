import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import table from '../../nix/lib/coverage.json' with { type: 'json' }
import { countersOf } from '../../src/bundle/counted-bundle.js'
import { type CoverageRun, lcovText, readCoverage, stateOf, testsByLine } from '../../src/coverage/index.js'
import type { BatchRun } from '../../src/domain/vm-run.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'
import { fixturePath, wholeFile } from './fixture.js'

const ports = { exec: createExec(process.env as Record<string, string>), files: createFiles() }
const has = (program: string) => spawnSync('which', [program]).status === 0
const LIBRARY = new URL('../../nix/lib', import.meta.url).pathname
const USER = { uid: 65520, gid: 65520, groups: [] }

/** A tree with one directory, compiled as a kernel's is, and programs that leave counters. */
let home: string
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'vmtest-coverage-test-')))
  chmodSync(home, 0o755)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const objects = () => join(home, 'objects')

function compile(): void {
  mkdirSync(join(home, 'tree/fs'), { recursive: true })
  mkdirSync(join(objects(), 'fs'), { recursive: true })
  cpSync(fixturePath('reach.c'), join(home, 'tree/fs/reach.c'))
  execFileSync('gcc', ['-O2', ...table.flags, '-c', join(home, 'tree/fs/reach.c'), '-o', 'fs/reach.o'], { cwd: objects() })
  execFileSync('gcc', ['--coverage', 'fs/reach.o', '-o', 'reach'], { cwd: objects() })
}

/** The counters of one start of the program, which are gone then. */
function counters(...words: readonly string[]): Buffer {
  const data = join(objects(), 'fs/reach.gcda')
  execFileSync('./reach', words, { cwd: objects() })
  const bytes = readFileSync(data)
  rmSync(data)
  return bytes
}

/** As the guest packs them (nix/guest/coverage). */
function packed(name: string, files: Readonly<Record<string, Uint8Array>>): Buffer {
  const head = [name, ...Object.keys(files), '', ''].join('\n')
  return gzipSync(Buffer.concat([Buffer.from(head), ...Object.values(files)]))
}

function batch(number: number, tests: readonly string[], sent: readonly Buffer[]): BatchRun {
  const directory = `guests/1/batches/${number}`
  const into = join(home, 'run', directory, 'results/vmtest-coverage')
  mkdirSync(into, { recursive: true })
  for (const [index, bytes] of sent.entries()) writeFileSync(join(into, `${index + 1}.gz`), bytes)
  const timeline = tests.map((name) => ({ name, startedAt: '', endedAt: null, seconds: null }))
  return { guest: 1, suite: 'smoke', section: 'plain', tests: [...tests], directory, timeline, exitStatus: null, died: null, notes: [] }
}

function runOf(batches: readonly BatchRun[]): CoverageRun {
  mkdirSync(join(home, 'tmp'), { recursive: true })
  return {
    built: { tree: join(home, 'tree'), objects: objects(), notes: objects(), directories: ['fs'], gcov: 'gcov' },
    change: { base: { name: 'main', commit: 'c0ffee' }, commit: 'beef', isDirty: true, sources: wholeFile() },
    batches,
    runDirectory: join(home, 'run'),
    temporaryDirectory: join(home, 'tmp'),
    user: USER,
    signal: new AbortController().signal,
  }
}

const live = has('gcc') && has('gcov') ? describe : describe.skip

live("a run's counters, by the machine's own gcc and gcov", () => {
  beforeEach(compile)

  test('are read test by test; what a guest died under is missing, what came before it is kept', async () => {
    const path = `${objects()}/fs/reach.gcda`
    const first = batch(1, ['t/1', 't/2', 't/3'], [packed('t/1', { [path]: counters('2', '3') }), packed('t/2', { [path]: counters('7') })])
    const { coverage, tally, problems } = await readCoverage(runOf([first]), ports)
    expect(problems).toEqual([])
    expect(coverage?.withoutCounters).toEqual(['plain t/3'])
    expect(coverage?.functions.map(({ name, file }) => `${file} ${name}`)).toEqual([
      'fs/reach.c check',
      'fs/reach.c link_it',
      'fs/reach.c never_called',
      'fs/reach.c main',
    ])
    const by = Object.fromEntries(
      (coverage?.changed ?? []).map(({ line }, index) => [line, coverage === null ? [] : testsByLine(coverage)(index)]),
    )
    expect([by[6], by[13], by[21], by[34]]).toEqual([['t/2'], ['t/1', 't/2'], ['t/1'], []])
    const states = Object.fromEntries((coverage?.changed ?? []).map((line) => [line.line, stateOf(line)]))
    expect(states).toMatchObject({ 6: 'run', 13: 'never-true', 14: 'not-run', 34: 'not-run' })
    expect(lcovText(tally)).toMatch(/^DA:13,3$/m)
    // Neither in the results, nor where they were read, is anything left.
    expect([existsSync(join(home, 'run/guests/1/batches/1/results/vmtest-coverage')), readdirSync(join(home, 'tmp'))]).toEqual([false, []])
  })

  test('of a kernel that Nix built: the notes lie in its store, the sources no longer where they were compiled', async () => {
    const source = join(home, 'source')
    mkdirSync(join(source, 'build/fs'), { recursive: true })
    mkdirSync(join(source, 'fs'))
    cpSync(fixturePath('reach.c'), join(source, 'fs/reach.c'))
    const build = join(source, 'build')
    execFileSync('gcc', ['-O2', ...table.flags, '-c', '../fs/reach.c', '-o', 'fs/reach.o'], { cwd: build })
    execFileSync('gcc', ['--coverage', 'fs/reach.o', '-o', 'reach'], { cwd: build })
    execFileSync('./reach', ['2', '3'], { cwd: build })
    const bytes = readFileSync(join(build, 'fs/reach.gcda'))
    const notes = join(home, 'store/coverage')
    const keep = `set -euo pipefail; source ${join(LIBRARY, 'counters.sh')}; keepNotes build ${notes}`
    // A directory that the configuration leaves out is none of the build's.
    const variables = { ...process.env, counted: 'fs drivers/none', counterFlags: '-a', counterProfile: 'y' }
    execFileSync('bash', ['-c', keep], { cwd: source, env: variables })
    rmSync(source, { recursive: true })
    const kernel = { counters: { directories: ['fs'], notes, gcov: 'gcov' } }
    const built = await countersOf({ directory: '/bundle', bundle: { kernel } } as never, ['fs'], ports)
    expect(built).toEqual({ tree: source, objects: build, notes, directories: ['fs'], gcov: 'gcov' })
    const sent = [packed('t/1', { [`${build}/fs/reach.gcda`]: bytes })]
    const { coverage, problems } = await readCoverage({ ...runOf([batch(1, ['t/1'], sent)]), built }, ports)
    expect(problems).toEqual([])
    expect(coverage?.functions.map(({ name, file }) => `${file} ${name}`)).toContain('fs/reach.c link_it')
    const states = Object.fromEntries((coverage?.changed ?? []).map((line) => [line.line, stateOf(line)]))
    expect(states).toMatchObject({ 13: 'never-true', 14: 'not-run', 34: 'not-run' })
    rmSync(join(notes, 'compiled-in.json'))
    await expect(countersOf({ directory: '/bundle', bundle: { kernel } } as never, ['fs'], ports)).rejects.toThrow(
      'The kernel of the bundle /bundle does not say how its counters are read.',
    )
  })

  test('nothing a guest sends gets further than a sentence', async () => {
    const path = `${objects()}/fs/reach.gcda`
    const good = counters('2')
    const sent = [
      Buffer.from('no gzip'),
      packed('t/other', { [path]: good }),
      packed('t/1', { '/etc/passwd': good, [`${objects()}/../../x.gcda`]: good }),
      packed('t/1', { [path]: Buffer.concat([good.subarray(0, 12), Buffer.alloc(200, 255)]) }),
      packed('t/1', { [path]: Buffer.from('adcgadcgadcg') }),
      gzipSync(Buffer.alloc(80 * 1024 * 1024)),
    ]
    const { coverage, problems } = await readCoverage(runOf([batch(1, ['t/1'], sent)]), ports)
    expect(problems).toContain('Counters of a test of plain could not be read.')
    expect(coverage?.tests.flatMap(({ name }) => name).filter((name) => name !== 't/1')).toEqual([])
    expect(readdirSync(home).sort()).toEqual(['objects', 'run', 'tmp', 'tree'])
  })

  test('without notes, or without gcov, it says so', async () => {
    rmSync(join(objects(), 'fs/reach.gcno'))
    expect((await readCoverage(runOf([batch(1, ['t/1'], [])]), ports)).problems).toEqual([
      "Coverage could not be read: nothing in fs was compiled with counters (is it in the kernel's configuration?).",
    ])
    const without = runOf([])
    expect((await readCoverage({ ...without, built: { ...without.built, gcov: 'gcov-of-nobody' } }, ports)).problems).toEqual([
      'Coverage could not be read: there is no working `gcov-of-nobody`; it comes with its gcc.',
    ])
  })

  const reader = has('lcov') ? test : test.skip
  reader('the trace file says the same to lcov', async () => {
    const path = `${objects()}/fs/reach.gcda`
    const { tally } = await readCoverage(runOf([batch(1, ['t/1'], [packed('t/1', { [path]: counters('2', '3') })])]), ports)
    const trace = join(home, 'coverage.lcov')
    writeFileSync(trace, lcovText(tally))
    const shown = spawnSync('lcov', ['--summary', trace, '--rc', 'lcov_branch_coverage=1'], { encoding: 'utf8' })
    const lines = [...(tally.files.get('fs/reach.c')?.lines.values() ?? [])]
    expect(shown.stdout + shown.stderr).toContain(`(${lines.filter(({ count }) => count > 0).length} of ${lines.length} lines)`)
  })
})
