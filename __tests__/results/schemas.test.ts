import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as z from 'zod'
import { aRecord, aReport, aTest } from '../report/builder.js'
import { aBatch, aGuest, aSelection, aVmRun, build, panic } from './fixtures.js'

/** The published file as a stranger reads it: a JSON schema, and nothing of ours. */
function published(name: string) {
  const text = readFileSync(join(import.meta.dirname ?? __dirname, `../../schemas/${name}.schema.json`), 'utf8')
  return z.fromJSONSchema(JSON.parse(text))
}

describe('the published schemas', () => {
  test('take what we write', async () => {
    const died = { exit: panic, test: 'generic/001' }
    const built = await build(
      {},
      aVmRun({ guests: [aGuest(1, { reports: [aReport()] })], batches: [aBatch(1, ['generic/001'], { died })] }),
      aSelection(['generic/001']),
    )
    for (const record of [built, aRecord([aTest('g/001')], { stopped: { kind: 'deadline', reason: 'x' } })]) {
      expect(published('record').safeParse(JSON.parse(JSON.stringify(record))).error).toBeUndefined()
      expect(published('plan').safeParse(JSON.parse(JSON.stringify(record.plan))).error).toBeUndefined()
    }
    expect(published('selection').safeParse(JSON.parse(JSON.stringify(aSelection(['generic/001'])))).error).toBeUndefined()
  })

  test('refuse what does not fit', () => {
    const record = aRecord([aTest('g/001')])
    expect(published('record').safeParse({ ...record, version: 3 }).success).toBe(false)
    expect(published('record').safeParse({ ...record, tests: [{ ...aTest('g/001'), status: 'green' }] }).success).toBe(false)
    expect(published('bundle').safeParse({ version: 1 }).success).toBe(false)
  })
})
