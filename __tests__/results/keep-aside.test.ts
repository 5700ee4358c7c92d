import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Aside, amended, handOver, isKeptAside, jsonOf, type TextStore, takeOver } from '../../src/domain/kept-aside.js'
import type { RunRecord } from '../../src/domain/record.js'
import { createFiles, openTexts, ScratchFile } from '../../src/ports/real/index.js'
import {
  annotationsOf,
  htmlPage,
  junitXml,
  kcidbReport,
  mailText,
  prepare,
  recordJson,
  summaryMarkdown,
  writePieces,
} from '../../src/report/index.js'
import { keepTest, keptAside, mergeRecords, readResultsDirectory, relocateRecord } from '../../src/results/index.js'
import { readByLines } from '../../src/results/read-by-lines.js'
import { anAttempt, aRecord, aReport, aTest } from '../report/builder.js'
import { hostileRecord } from '../report/hostile.js'
import { aStory } from '../report/story.js'

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-aside-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

/** A store in memory that counts what is read of it. */
class CountingStore implements TextStore {
  readonly texts: string[] = []
  reads = 0
  full = false

  put(text: string) {
    if (this.full) throw new Error('ENOSPC')
    return { offset: this.texts.push(text) - 1, sizeBytes: Buffer.byteLength(text) }
  }

  get({ offset }: { offset: number }) {
    this.reads += 1
    return this.texts[offset] ?? ''
  }
}

const keptIn = (record: RunRecord, aside: Aside): RunRecord => ({ ...record, tests: record.tests.map((test) => keepTest(test, aside)) })

/** Everything that is rendered of a record. */
function renderings(record: RunRecord): Record<string, unknown> {
  const rendered = prepare(record, null)
  return {
    json: [...recordJson(record)].join(''),
    junit: [...junitXml(record, rendered.placement, { dialect: 'annotated', maxTestBytes: 65536, sourceDirectories: {} })].join(''),
    jenkins: [...junitXml(record, rendered.placement, { dialect: 'jenkins', maxTestBytes: 4096, sourceDirectories: {} })].join(''),
    page: [...htmlPage(rendered)].join(''),
    summary: summaryMarkdown(rendered),
    mail: mailText(rendered),
    annotations: annotationsOf(rendered, { changedFiles: ['fs/xfs/xfs_inode.c'], sourceDirectories: { fstests: '' } }),
    kcidb: kcidbReport(record, { repository: 'https://example.org/linux.git', branch: 'main' }),
  }
}

/** Long enough to be kept aside. */
const long = (text: string) => text.repeat(Math.ceil(600 / text.length))
const evidence = (text: string) =>
  anAttempt({ status: 'fail', message: '- output mismatch', diff: long(`+${text}\n`), reports: [aReport({ lines: [long(text), text] })] })

describe('a record whose evidence is kept aside', () => {
  it('is rendered byte for byte as one in memory, whatever its texts hold', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 4 }), (texts) => {
        const tests = texts.map((text, index) => aTest(`generic/00${index}`, { status: 'fail', attempts: [evidence(text)] }))
        const record = aRecord(tests)
        expect(renderings(keptIn(record, keptAside(directory, createFiles())))).toEqual(renderings(record))
      }),
      { numRuns: 40 },
    )
  })

  it('is rendered the same, hostile as it may be', () => {
    fc.assert(
      fc.property(fc.oneof(hostileRecord, fc.constant(aStory().record)), (record) => {
        const kept = keptIn(record, new Aside(new CountingStore()))
        expect(renderings(kept)).toEqual(renderings(record))
        expect(kept).toEqual(record)
      }),
      { numRuns: 20 },
    )
  })

  it('holds no body in memory, through merging and moving', () => {
    const store = new CountingStore()
    const record = keptIn(aRecord([aTest('generic/001', { status: 'fail', attempts: [evidence('x')] })]), new Aside(store))
    const merged = mergeRecords(relocateRecord(record, 'one'), relocateRecord({ ...record, runId: 'two' }, 'two'))
    const attempts = merged.tests.flatMap((test) => test.attempts)
    expect(attempts.map((attempt) => isKeptAside(attempt, 'diff'))).toEqual([true, true])
    expect(attempts.flatMap(({ reports }) => reports.map((report) => isKeptAside(report, 'lines')))).toEqual([true, true])
    expect(store.reads).toBe(0)
    expect(attempts[1]?.diff).toBe(long('+x\n'))
  })

  it('leaves no file behind, and is in memory where there is no room', () => {
    const files = createFiles()
    const test = aTest('generic/001', { status: 'fail', attempts: [evidence('x')] })
    expect(keepTest(test, keptAside(directory, files))).toEqual(test)
    expect(readdirSync(directory)).toEqual([])
    const store = new CountingStore()
    const aside = new Aside(store)
    const first = keepTest(test, aside)
    store.full = true
    const second = keepTest(test, aside)
    expect(isKeptAside(second.attempts[0] ?? {}, 'diff' as never)).toBe(false)
    expect([first, second]).toEqual([test, test])
    expect(keepTest(test, keptAside(join(directory, 'absent'), files))).toEqual(test)
  })
})

describe('one object', () => {
  const aside = () => new Aside(new CountingStore())

  it('is amended without its bodies being read, in the order of its keys', () => {
    const store = new CountingStore()
    const kept = new Aside(store).keep({ a: 1, body: 'text', c: 3 }, ['body'])
    const changed = amended<{ a: number; body: string; c: number; d?: number }>(kept, { c: 4, d: 5 })
    expect(store.reads).toBe(0)
    expect(JSON.stringify(changed)).toBe('{"a":1,"body":"text","c":4,"d":5}')
    expect(JSON.stringify({ ...changed, body: 'other' })).toBe('{"a":1,"body":"other","c":4,"d":5}')
    expect(jsonOf(amended(changed, { body: 'other' }))).toBe('{"a":1,"body":"other","c":4,"d":5}')
  })

  it('is written as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.record({ name: fc.string(), body: fc.jsonValue(), list: fc.array(fc.jsonValue()) }), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
        const kept = aside().keep(plain, 'body' in plain ? ['body'] : [])
        expect(jsonOf({ kept, all: [kept, undefined, null] })).toBe(JSON.stringify({ kept: plain, all: [plain, undefined, null] }))
      }),
    )
  })

  it('is handed to another thread without its bodies', () => {
    const mine = openTexts(directory)
    const kept = { tests: [new Aside(mine).keep({ name: 'a', body: 'ä'.repeat(1000), no: null }, ['body'])] }
    mine.flush()
    const message = structuredClone(handOver(kept, 'mark'))
    expect(JSON.stringify(message).length).toBeLessThan(200)
    const theirs = new ScratchFile(mine.descriptor).own()
    const taken = takeOver(message as typeof kept, 'mark', new Aside(theirs))
    expect(isKeptAside(taken.tests[0] ?? {}, 'body' as never)).toBe(true)
    expect(taken).toEqual({ tests: [{ name: 'a', body: 'ä'.repeat(1000), no: null }] })
  })
})

describe('texts in a file', () => {
  it('come back when there are more of them than are held in memory', () => {
    const store = openTexts(directory).own()
    const texts = Array.from({ length: 45 }, (_, index) => `${index} ${'ü'.repeat(index === 20 ? 2_000_000 : 340_000)}`)
    const stored = texts.map((text) => store.put(text))
    expect(stored.map((place, index) => store.get(place) === texts[index])).not.toContain(false)
    store.flush()
    const other = new ScratchFile(store.descriptor)
    expect(stored.map((place, index) => other.get(place) === texts[index])).not.toContain(false)
  })

  it('come back as they were put, in any order and size', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 50 }), fc.integer({ min: 0, max: 20_000 })), { maxLength: 12 }),
        (drawn) => {
          const store = openTexts(directory).own()
          const texts = drawn.map(([text, times]) => text.repeat(times))
          const stored = texts.map((text) => store.put(text))
          expect([...stored.entries()].reverse().map(([index, place]) => store.get(place) === texts[index])).not.toContain(false)
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('a run.json read line by line', () => {
  const read = (text: string, pieceBytes: number) => readByLines(pieces(Buffer.from(text), pieceBytes), new Aside(new CountingStore()))

  async function* pieces(bytes: Uint8Array, size: number) {
    for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
  }

  it('is what it is read whole', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(hostileRecord, fc.constant(aStory().record)), fc.integer({ min: 1, max: 5000 }), async (record, size) => {
        const text = [...recordJson(record)].join('')
        const found = await read(text, size)
        expect({ ...found?.rest, tests: found?.tests }).toEqual(JSON.parse(text))
      }),
      { numRuns: 20 },
    )
  })

  it('is left to who reads it whole where it is cut off, damaged or written otherwise', async () => {
    const text = [...recordJson(aStory().record)].join('')
    const lines = text.split('\n')
    const twice = lines.flatMap((line) => (line.startsWith('"runId"') ? [line, line] : [line])).join('\n')
    const damaged = [
      JSON.stringify(aStory().record),
      `${text}{}\n`,
      text.slice(0, -3),
      text.replace('"version": 2', '"version": 1'),
      text.replace('"status":"fail"', '"status":"good"'),
      text.replace('"tests": [', '"others": ['),
      twice,
    ]
    expect(await Promise.all(damaged.map((each) => read(each, 1000)))).toEqual(damaged.map(() => null))
  })

  it('is read so where it is large, and a damaged one is refused as ever', async () => {
    const files = createFiles()
    const path = join(directory, 'run.json')
    const filler = aTest('generic/001', { status: 'fail', attempts: [anAttempt({ status: 'fail', diff: 'x'.repeat(17 * 1024 * 1024) })] })
    const record = aRecord([filler])
    await writePieces(files, path, recordJson(record))
    const large = await readResultsDirectory(files, directory, { toolVersion: '0', now: '' })
    expect(isKeptAside(large.tests[0]?.attempts[0] ?? anAttempt(), 'diff')).toBe(true)
    expect(large.tests[0]?.attempts[0]?.diff?.length).toBe(17 * 1024 * 1024)
    expect(readdirSync(directory)).toEqual(['run.json'])
    await files.write(path, [...recordJson(record)].join('').slice(0, -3))
    await expect(readResultsDirectory(files, directory, { toolVersion: '0', now: '' })).rejects.toThrow('is not JSON')
  })
})
