import { readFileSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { explainFailure } from '../../src/bundle/nix-failure.js'
import { describeEvent, type NixLogEvent, NixLogReader, plainText, storeName } from '../../src/bundle/nix-log.js'

const cases = new URL('./cases/', import.meta.url).pathname
const DRV = '/nix/store/qcsx5lm64ppgwx2jxlvm7jzmzfvbqf4s-linux-6.18.0.drv'
const nix = (event: object) => `@nix ${JSON.stringify(event)}`

/** Events of a captured log, one second between lines. */
function read(lines: readonly string[], reader = new NixLogReader()): readonly NixLogEvent[] {
  return lines.flatMap((line, index) => reader.feed(line, index))
}

describe('reading internal-json', () => {
  test.each(['2.8', '2.26', '2.34'].flatMap((version) => [`built-${version}`, `failed-${version}`]))(
    'captured from a real nix: %s',
    (name) => {
      const reader = new NixLogReader()
      const lines = readFileSync(`${cases}nix-log/${name}.txt`, 'utf8').split('\n')
      const described = read(lines, reader).map(describeEvent)
      const withoutTimes = described.filter((line) => line !== null).map((line) => line.replace(/ \([\d.]+ s\)$/, ''))
      const failure = { installable: '.#vmtest', errors: reader.errors, logs: reader.logs, logPath: null, exitCode: 1 }
      const explained = reader.errors.length === 0 ? null : explainFailure(failure).message
      const actual = { described: withoutTimes, errors: reader.errors, logs: reader.logs, explained }
      const file = `${cases}nix-log/${name}.expected.json`
      if (process.env.UPDATE_CASES === '1') writeFileSync(file, `${JSON.stringify(actual, null, 2)}\n`)
      expect(actual).toEqual(JSON.parse(readFileSync(file, 'utf8')))
    },
  )

  test('times builds and fetches by the clock it is given', () => {
    const reader = new NixLogReader()
    reader.feed(nix({ action: 'start', id: 7, type: 105, fields: [DRV, '', 1, 1] }), 10)
    reader.feed(nix({ action: 'start', id: 8, type: 108, fields: ['/nix/store/00000000000000000000000000000000-gcc', 'https://x'] }), 11)
    expect(reader.feed(nix({ action: 'stop', id: 8 }), 13.5)).toEqual([
      { kind: 'fetch-end', path: '/nix/store/00000000000000000000000000000000-gcc', seconds: 2.5 },
    ])
    const [end] = reader.feed(nix({ action: 'stop', id: 7 }), 100)
    expect(end).toEqual({ kind: 'build-end', derivation: DRV, seconds: 90 })
    expect(end && describeEvent(end)).toBe('finished linux-6.18.0 (1 min 30 s)')
    expect([...reader.buildSeconds]).toEqual([[DRV, 90]])
  })

  test('keeps the last lines of a chatty builder, without colours', () => {
    const reader = new NixLogReader(2)
    reader.feed(nix({ action: 'start', id: 1, type: 105, fields: [DRV] }), 0)
    for (const line of ['one', '\u001b[31mtwo\u001b[0m', 'three\r'])
      reader.feed(nix({ action: 'result', id: 1, type: 101, fields: [line] }), 0)
    expect(reader.logs).toEqual([{ derivation: DRV, lines: ['two', 'three'] }])
  })

  test('passes over what it does not know: cut lines, unknown actions, other results', () => {
    const lines = [
      '@nix {"action":"sta',
      nix({ action: 'dance', id: 1 }),
      nix({ action: 'result', id: 99, type: 101, fields: ['x'] }),
      '',
      '   ',
    ]
    expect(read(lines)).toEqual([])
  })

  test('plain lines are messages; an error is one also without JSON', () => {
    const reader = new NixLogReader()
    reader.feed('\u001b[31;1merror:\u001b[0m no such file', 0)
    reader.feed('warning: Git tree is dirty', 0)
    expect(reader.errors).toEqual(['error: no such file'])
  })
})

test('names of store paths as people know them', () => {
  expect(storeName(DRV)).toBe('linux-6.18.0')
  expect(storeName('/nix/store/00000000000000000000000000000000-a-b.patch')).toBe('a-b.patch')
  expect(plainText('\u001b]8;;http://x\u0007link\u001b]8;;\u0007')).toBe('link')
})
