import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { RunRecord } from '../../src/domain/record.js'
import { type AnnotationOptions, annotationsOf } from '../../src/report/annotations.js'
import { prepare } from '../../src/report/context.js'
import { anAttempt, aRecord, aReport, aTest } from './builder.js'
import { hostileRecord } from './hostile.js'
import { aStory } from './story.js'

const NOWHERE: AnnotationOptions = { changedFiles: null, sourceDirectories: {} }
const annotate = (record: RunRecord, options: Partial<AnnotationOptions> = {}) =>
  annotationsOf(prepare(record, null), { ...NOWHERE, ...options })

const crashing = (name: string, title: string, file = 'fs/xfs/xfs_icache.c') =>
  aTest(name, {
    status: 'crashed',
    attempts: [
      anAttempt({
        status: 'crashed',
        reports: [aReport({ title, frames: [{ symbol: 'memcpy+0x1/0x2' }, { symbol: 'f+0x1/0x2', function: 'f', file, line: 7 }] })],
      }),
    ],
  })

describe('annotations', () => {
  const { record, comparison } = aStory()

  test('of the story: only what is new is an error', () => {
    const all = annotationsOf(prepare(record, comparison), NOWHERE)
    const titles = (level: string) => all.filter((each) => each.level === level).map((each) => each.title)
    expect(titles('error')).toEqual([
      'generic/013 (xfs_4k): output mismatch: +fsck: 3 errors',
      'generic/475 (xfs_4k): KASAN: slab-use-after-free Read in xfs_iget',
      'generic/003 (ext4_1k): it did not end within 600 s (limit of the test); the console ends with: run fstests generic/003',
    ])
    expect(titles('warning')).toEqual([
      'problem',
      '1 test not reached',
      'generic/070 (xfs_4k) is flaky: fsstress exited 1',
      'xfs/074 (xfs_4k) passes although a failure is expected',
      '1 test vanished since the baseline',
      '1 test newly not run',
    ])
    expect(titles('notice')).toEqual(['1 test fixed', '1 test fail as on the base'])
  })

  test('those on changed files come first, at the first frame that lies in one', () => {
    const tests = [aTest('generic/001', { status: 'fail' }), crashing('generic/002', 'BUG in f', 'fs/xfs/b.c')]
    const [first, second] = annotate(aRecord(tests), { changedFiles: ['linux/fs/xfs/b.c', 'fs/ext4/c.c'] })
    expect(first).toMatchObject({ file: 'linux/fs/xfs/b.c', line: 7, title: 'generic/002 (xfs_4k): BUG in f' })
    expect(first?.message).toContain('Reproduce: vmtest run -s xfs_4k generic/002')
    expect(second?.file).toBeUndefined()
  })

  test('a file that only ends alike is not taken for the changed one', () => {
    const [only] = annotate(aRecord([crashing('generic/002', 'BUG in f', 'b.c')]), { changedFiles: ['fs/xfs/ab.c'] })
    expect(only?.file).toBeUndefined()
  })

  test('without a changed file they stand on the test where the repository has it, else nowhere', () => {
    const failing = aRecord([aTest('generic/001', { status: 'fail' })])
    expect(annotate(failing, { sourceDirectories: { fstests: 'xfstests' } })[0]).toMatchObject({
      file: 'xfstests/tests/generic/001',
      line: 11,
    })
    expect(annotate(failing, { sourceDirectories: { fstests: '' } })[0]).toMatchObject({ file: 'tests/generic/001', line: 11 })
    expect(annotate(failing)[0]).not.toHaveProperty('file')
  })

  test('one kernel report under many tests is one annotation that names them', () => {
    const [only, ...others] = annotate(
      aRecord([crashing('generic/001', 'BUG in f'), crashing('generic/002', 'BUG in f'), crashing('generic/003', 'BUG in f')]),
    )
    expect(others).toEqual([])
    expect(only?.message).toContain('Also under: generic/002 (xfs_4k), generic/003 (xfs_4k)')
  })

  test('many failures make nine and one that counts the rest', () => {
    const tests = Array.from({ length: 50 }, (_, index) => aTest(`generic/${index}`, { status: 'fail' }))
    const all = annotate(aRecord(tests))
    expect(all).toHaveLength(10)
    expect(all[9]).toMatchObject({ level: 'error', title: 'and 41 more, in the job summary' })
    expect(all[9]?.message.split('\n')).toHaveLength(41)
  })

  test("any record keeps within GitHub's limits", () => {
    fc.assert(
      fc.property(hostileRecord, fc.array(fc.string()), (hostile, changedFiles) => {
        const all = annotate(hostile, { changedFiles, sourceDirectories: { fstests: 'x' } })
        for (const level of ['error', 'warning', 'notice'])
          expect(all.filter((each) => each.level === level).length).toBeLessThanOrEqual(10)
        for (const each of all) {
          expect(Buffer.byteLength(each.message)).toBeLessThanOrEqual(4096)
          expect(each.title.length).toBeLessThanOrEqual(255)
          expect(`${each.title}${each.message}`).toMatch(/^[\n\x20-\x7e\u00a0-\uffff]*$/)
        }
      }),
      { numRuns: 60 },
    )
  })
})
