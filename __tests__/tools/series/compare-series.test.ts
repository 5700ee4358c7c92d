import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { mailHeaders, mailText, prepare } from '../../../src/report/index.js'
import { comparisonOf, conclude, withCompared } from '../../../src/results/index.js'
import { compareSeries, type SeriesOptions, type SeriesRun } from '../../../src/tools/series/compare-series.js'
import { anAttempt, aRecord, aTest } from '../../report/builder.js'
import { History } from '../bisect/history.js'

/** A tree in which `a` fails from its base on; the series breaks `b`, mends nothing, and leaves `c` as it is. */
let history: History
let mailbox: string
beforeEach(() => {
  history = new History()
  history.commit([{ subject: 'base', files: { 'fs/a.c': 'broken\n', 'fs/b.c': 'good\n', 'fs/c.c': 'good\n' } }])
  history.commit([
    { subject: 'fs: tidy c', files: { 'fs/c.c': 'good, tidied\n' } },
    { subject: 'fs: make b faster', files: { 'fs/b.c': 'broken\n' } },
    { subject: 'fs: tidy c more', files: { 'fs/c.c': 'good, tidied more\n' } },
  ])
  mailbox = join(history.root, 'series.mbox')
  writeFileSync(mailbox, history.git('format-patch', '--stdout', '--base=main~3', 'main~3'))
  history.git('reset', '--quiet', '--hard', 'main~3')
})
afterEach(() => history.remove())

const kernel = createExec()
/** A machine without b4, or with one that does as the script says. */
const ports = (b4: string | null = null) => ({
  files: createFiles(),
  exec: { ...kernel, run: kernel.run.bind(kernel), which: async (program: string) => (program === 'b4' ? b4 : kernel.which(program)) },
})

/** A kernel as its files say: each is a test of its name. */
const recordOf = ({ source, which, series }: SeriesRun) => {
  const tests = ['a', 'b', 'c'].map((name) => {
    const isGood = readFileSync(join(source, `fs/${name}.c`), 'utf8').startsWith('good')
    const status = isGood ? 'pass' : 'fail'
    return aTest(`generic/${name}`, { status, attempts: [anAttempt({ status, message: isGood ? null : `fs/${name}.c is broken` })] })
  })
  const origin = { runId: which, revisions: { kernel: which }, ...(series === null ? {} : { tested: { tree: history.tree, series } }) }
  return aRecord(tests, origin)
}

async function compare(changes: Partial<SeriesOptions> = {}, given = ports()) {
  const runs: ReturnType<typeof recordOf>[] = []
  const notes: string[] = []
  const exitCode = await compareSeries(
    {
      tree: history.tree,
      worktreePath: join(history.root, 'work/source'),
      scratch: join(history.root, 'work/mails'),
      mailbox,
      base: null,
      baseIsKnown: false,
      signal: new AbortController().signal,
      onNote: (note) => notes.push(note),
      checkRuns: async () => undefined,
      run: async (run) => {
        runs.push(recordOf(run))
        return 1
      },
      ...changes,
    },
    given,
  )
  return { exitCode, runs, notes }
}

describe('vmtest series', () => {
  test('names what the series broke, and not what the base fails too', async () => {
    const before = history.state()
    const { runs, notes, exitCode } = await compare()
    const [base, series] = runs
    if (base === undefined || series === undefined) throw new Error('two runs are expected')
    const compared = withCompared(series, base)
    const comparison = comparisonOf(compared)
    expect(comparison?.newFailures.map(({ name }) => name)).toEqual(['generic/b'])
    expect(comparison?.knownFailures.map(({ name }) => name)).toEqual(['generic/a'])
    const rendered = prepare({ ...compared, conclusion: conclude(compared, comparison, 'new') }, comparison)
    const mail = mailText(rendered)
    expect(mail).toContain('1 new failure: 1 known, 1 passed.')
    expect(mail.slice(mail.indexOf('New failures'), mail.indexOf('Known'))).toMatch(/generic\/b on xfs_4k: failed\n {3}fs\/b\.c is broken/)
    expect(mail.slice(mail.indexOf('New failures'), mail.indexOf('Known'))).not.toContain('generic/a')
    expect(mail).toContain('fs: tidy c, by A <a@example.org>: 3 patches on')
    expect(mailHeaders(rendered)).toMatch(/^Subject: Re: fs: tidy c \[vmtest: 1 new failure\]$/m)
    expect(notes).toEqual([
      expect.stringMatching(/^"fs: tidy c", 3 patches on [0-9a-f]{12} base \(as the series says\)$/),
      expect.stringMatching(/^git checks [0-9a-f]{12} out at .*work\/source$/),
      'applied by git am',
    ])
    expect(series.tested?.series?.patches).toEqual(['fs: tidy c', 'fs: make b faster', 'fs: tidy c more'])
    expect(exitCode).toBe(1)
    expect(history.state()).toBe(before)
    expect(existsSync(join(history.root, 'work/source'))).toBe(false)
  })

  test('that is interrupted while git checks the base out leaves nothing', async () => {
    const before = history.state()
    const controller = new AbortController()
    const onNote = (note: string) => note.startsWith('git checks') && controller.abort()
    const { exitCode, runs } = await compare({ signal: controller.signal, onNote })
    expect([exitCode, runs]).toEqual([130, []])
    expect(existsSync(join(history.root, 'work/source'))).toBe(false)
    expect(history.state()).toBe(before)
  })

  test('runs only the series where the base has a record already', async () => {
    const { runs } = await compare({ baseIsKnown: true })
    expect(runs.map(({ runId }) => runId)).toEqual(['series'])
  })

  test('applies what b4 puts together where it is there, and goes on without where it fails', async () => {
    const b4 = join(history.root, 'b4')
    // As b4 0.16 is called: `b4 --offline-mode am --no-cover -o DIRECTORY -n series -m MAILBOX`.
    writeFileSync(
      b4,
      `#!/bin/sh\n[ "$1 $2 $3 $4 $6 $7 $8" = "--offline-mode am --no-cover -o -n series -m" ] && cp "$9" "$5/series.mbx"\n`,
      { mode: 0o755 },
    )
    expect((await compare({}, ports(b4))).notes).toContain('applied by b4')
    writeFileSync(b4, '#!/bin/sh\nexit 1\n', { mode: 0o755 })
    expect((await compare({}, ports(b4))).notes).toContain('applied by git am')
  })

  test('a series that does not apply is not tested, and says which patch and what to do', async () => {
    history.commit([{ subject: 'another b', files: { 'fs/b.c': 'quite different\n' } }])
    const before = history.state()
    await expect(compare({ base: 'HEAD' })).rejects.toMatchObject({
      kind: 'could-not-test',
      message: expect.stringMatching(/^The series does not apply to [0-9a-f]{12}: .+/),
      nextStep: expect.stringMatching(/^It says that it is made for [0-9a-f]{12}: fetch that, or name another commit with `--base`\.$/),
    })
    expect(history.state()).toBe(before)
  })

  test.each([
    [65, 'build-failed', 'does not build'],
    [69, 'could-not-test', 'could not be tested'],
  ])('a base that ends in %i has nothing to compare with', async (exitCode, kind, words) => {
    await expect(compare({ run: async () => exitCode })).rejects.toMatchObject({ kind, message: expect.stringContaining(words) })
    expect(existsSync(join(history.root, 'work/source'))).toBe(false)
  })

  test('a cancelled base ends it', async () => {
    const tried: string[] = []
    const run = async ({ which }: SeriesRun) => {
      tried.push(which)
      return 130
    }
    expect((await compare({ run })).exitCode).toBe(130)
    expect(tried).toEqual(['base'])
  })

  test('tells where the base comes from when the series names none that is here', async () => {
    writeFileSync(mailbox, readFileSync(mailbox, 'utf8').replace(/^base-commit: .*$/m, `base-commit: ${'f'.repeat(40)}`))
    expect((await compare()).notes[0]).toContain('(what is checked out: the series is for ffffffffffff, which is not here)')
  })
})
