import { expect, test } from '@jest/globals'
import { recordJson } from '../../src/report/index.js'
import { KnownPromises, parseRecord } from '../../src/results/index.js'
import { aShard, promise } from './shards/shard-world.js'

const text = (changes: Parameters<typeof aShard>[0]): string => [...recordJson(aShard(changes))].join('')
const known = (): KnownPromises => {
  const promises = new KnownPromises()
  promises.add(aShard({ shard: 1 }).shards?.plan ?? '', promise)
  return promises
}

test('a record whose promise is known is read as it is without that, and its promise is left out of the text', () => {
  const json = text({ shard: 2 })
  expect(known().without(json).json.length).toBeLessThan(json.length - 200)
  expect(parseRecord(json, 'run.json', known())).toEqual(parseRecord(json, 'run.json'))
})

test('written in another order or on many lines it is read all the same', () => {
  const json = JSON.stringify(aShard({ shard: 2 }), null, 2)
  expect(known().without(json).plan).toBeNull()
  expect(parseRecord(json, 'run.json', known())).toEqual(parseRecord(json, 'run.json'))
})

test('a promise that stands in a record of another plan is the record’s own', () => {
  const record = aShard({ shard: 2 })
  const other = { ...record, shards: { ...record.shards, plan: '0123456789abcdef' } }
  const json = JSON.stringify(other)
  expect(parseRecord(json, 'run.json', known())).toEqual(parseRecord(json, 'run.json'))
  expect(parseRecord(json, 'run.json', known()).shards?.promise).toEqual(promise)
})

test('what a test prints that looks like a promise stays what it is', () => {
  const message = `"promise":${JSON.stringify(promise)}`
  const json = text({ shard: 1, attempts: { 'g/001': [{ status: 'fail', message }] } })
  const record = parseRecord(json, 'run.json', known())
  expect(record.tests[0]?.attempts[0]?.message).toBe(message)
})
