import { describe, expect, test } from '@jest/globals'
import {
  addUp,
  type CompilerNote,
  type CompilerRun,
  compilationsSchema,
  describeHits,
  hitRate,
  judge,
  readNote,
  secondsSpared,
  whyOff,
} from '../../src/cache/compiler-note.js'
import { compilerKeys } from '../../src/cache/keys.js'

const note: CompilerNote = {
  version: 1,
  entryKey: 'k',
  sizeBytes: 1,
  restoreSeconds: 2,
  saveSeconds: 3,
  coldSeconds: 600,
  poorRuns: 0,
  offSince: null,
  reason: '',
}
const compilations = (hits: number, misses: number, seconds: number) => ({ hits, misses, seconds, reused: 0, kept: false })
const run = (hits: number, misses: number, seconds: number, warm = true): CompilerRun => ({
  compilations: compilations(hits, misses, seconds),
  warm,
  restoreSeconds: warm ? 4 : null,
})

describe('what builders report', () => {
  test('is added up; reports without a compilation are none', () => {
    expect(addUp([])).toBeNull()
    expect(addUp([compilations(0, 0, 9)])).toBeNull()
    const sum = addUp([compilations(2, 1, 5), compilations(1, 0, 2)])
    expect(sum).toEqual(compilations(3, 1, 7))
    expect(hitRate(compilations(3, 1, 7))).toBe(0.75)
  })

  test('objects nobody had to look up are hits too, and one builder that kept objects is enough', () => {
    const old = compilationsSchema.parse({ hits: 2, misses: 1, seconds: 5 })
    const sum = addUp([old, { hits: 300, misses: 1, seconds: 9, reused: 300, kept: true }])
    expect(sum).toEqual({ hits: 302, misses: 2, seconds: 14, reused: 300, kept: true })
    expect(describeHits(sum ?? old)).toBe('99.3 % hits (302 of 304 compilations, 300 objects reused as they lay there)')
  })

  test('one miss in many never reads as all hits', () => {
    expect(describeHits(compilations(99_999, 1, 1))).toBe('99.9 % hits (99999 of 100000 compilations)')
    expect(describeHits(compilations(4, 0, 1))).toBe('100.0 % hits (4 of 4 compilations)')
  })
})

describe('does it pay?', () => {
  const verdict = (one: CompilerRun, before: CompilerNote | null, mode: 'auto' | 'always' = 'auto') => judge({ run: one, before, mode })

  test('a first build is saved, and its time kept to compare with', () => {
    expect(verdict(run(0, 1700, 600, false), null)).toEqual({ save: true, poor: null, off: false, poorRuns: 0, coldSeconds: 600 })
  })

  test('objects kept for the next build are saved, however few were compiled', () => {
    const compiled = { ...compilations(1699, 1, 60), kept: true }
    expect(verdict({ compilations: compiled, warm: true, restoreSeconds: 4 }, note)).toMatchObject({ save: true, poor: null })
  })

  test('an edit of one file is not worth saving again, one of many is', () => {
    expect(verdict(run(1699, 1, 60), note)).toMatchObject({ save: false, poor: null, coldSeconds: 600 })
    expect(verdict(run(1500, 200, 120), note)).toMatchObject({ save: true, poor: null })
  })

  test('one run with few hits may be a header; two in a row switch it off', () => {
    const first = verdict(run(10, 1690, 600), note)
    expect(first).toMatchObject({ off: false, poorRuns: 1, save: true, poor: 'it gave 0.5 % hits (10 of 1700 compilations)' })
    expect(verdict(run(10, 1690, 600), { ...note, poorRuns: first.poorRuns })).toMatchObject({ off: true, save: false })
    expect(verdict(run(1699, 1, 60), { ...note, poorRuns: first.poorRuns })).toMatchObject({ off: false, poorRuns: 0 })
  })

  test('hits that spare less than the way to the cache and back cost switch it off too', () => {
    const dear = verdict(run(1700, 0, 595), note)
    expect(dear).toMatchObject({ poorRuns: 1, off: false, poor: 'restoring and saving it took 7.0 s, and it spared 5.0 s' })
    expect(verdict(run(1700, 0, 595), { ...note, poorRuns: 1 })).toMatchObject({ off: true, poorRuns: 2 })
    expect(verdict(run(1700, 0, 595), { ...note, poorRuns: 1 }, 'always')).toMatchObject({ off: false })
  })

  test('what another configuration left says nothing about this one', () => {
    expect(verdict(run(0, 1700, 600), null)).toMatchObject({ poor: null, poorRuns: 0, save: true })
    expect(secondsSpared(run(1700, 0, 60), null)).toBeNull()
    expect(secondsSpared(run(1700, 0, 60), note)).toBe(540)
    expect(secondsSpared(run(1700, 0, 700), note)).toBe(0)
  })
})

describe('the note', () => {
  test('switched off, it says why and until when, and is tried again after a week', () => {
    const off = { ...note, offSince: Date.UTC(2026, 0, 1) / 1000, reason: 'it gave 3.0 % hits' }
    expect(whyOff(note, new Date())).toBeNull()
    expect(whyOff(off, new Date('2026-01-07T23:59:00Z'))).toBe('it gave 3.0 % hits; tried again from 2026-01-08')
    expect(whyOff(off, new Date('2026-01-08T00:00:00Z'))).toBeNull()
  })

  test.each(['', '{', '[]', 'null', '{"version":2}', JSON.stringify({ ...note, poorRuns: -1 }), JSON.stringify({ ...note, entryKey: 7 })])(
    'foreign bytes are none: %s',
    (text) => {
      expect(readNote(text)).toBeNull()
    },
  )

  test('is read as it was written', () => {
    expect(readNote(JSON.stringify(note))).toEqual(note)
  })

  test('keys: the same recipe before any, never another machine’s', () => {
    const fingerprint = { system: 'x86_64-linux', recipe: 'abc', exact: 'def', trusted: true, reason: null }
    expect(compilerKeys('entry', fingerprint, { run: '7', attempt: '2' })).toEqual({
      key: 'vmtest-ccache-entry-v1-x86_64-linux-abc-7-2',
      restoreKeys: ['vmtest-ccache-entry-v1-x86_64-linux-abc-', 'vmtest-ccache-entry-v1-x86_64-linux-'],
    })
  })
})
