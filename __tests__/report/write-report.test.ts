import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { runRecordSchema } from '../../src/domain/record.js'
import type { Files } from '../../src/ports/index.js'
import { recordJson, writeReport } from '../../src/report/index.js'
import { hostileRecord } from './hostile.js'
import { MemoryFiles } from './memory-files.js'
import { aStory } from './story.js'
import { parseXml } from './xml-reader.js'

const { record, comparison } = aStory()
// Only what MemoryFiles has is used: anything else would fail here.
const port = (files: MemoryFiles) => ({ files: files as unknown as Files })

describe('writeReport', () => {
  test('writes the four files, the record first, none half', async () => {
    const files = new MemoryFiles()
    const report = await writeReport(record, comparison, { directory: 'out/' }, port(files))
    expect([...files.contents.keys()]).toEqual(['out/run.json', 'out/junit.xml', 'out/summary.md', 'out/report.html'])
    expect(report).toMatchObject({
      recordPath: 'out/run.json',
      junitPath: 'out/junit.xml',
      summaryPath: 'out/summary.md',
      htmlPath: 'out/report.html',
      comparison,
    })
    expect(files.log.filter((entry) => /^(rename|write)/.test(entry))).toEqual([
      'rename out/run.json.part out/run.json',
      'rename out/junit.xml.part out/junit.xml',
      'write out/summary.md',
      'rename out/report.html.part out/report.html',
    ])
  })

  test('the record reads back as it was, and fits its schema', async () => {
    const files = new MemoryFiles()
    await writeReport(record, comparison, { directory: 'out' }, port(files))
    const read = JSON.parse(files.contents.get('out/run.json') ?? '')
    expect(read).toEqual(record)
    expect(runRecordSchema.safeParse(read).success).toBe(true)
  })

  test('summary and annotations are handed on as written, and options reach them', async () => {
    const files = new MemoryFiles()
    const options = {
      directory: 'out',
      changedFiles: ['fs/xfs/xfs_inode.c'],
      artifactName: 'logs',
      reproduce: () => 'make it so',
      junitDialect: 'jenkins' as const,
    }
    const report = await writeReport(record, comparison, options, port(files))
    expect(files.contents.get('out/summary.md')).toBe(report.summaryMarkdown)
    expect(report.summaryMarkdown).toContain('artifact `logs`')
    expect(report.summaryMarkdown).toContain('make it so')
    expect(report.annotations[0]).toMatchObject({ level: 'error', file: 'fs/xfs/xfs_inode.c', line: 556 })
    expect(files.contents.get('out/junit.xml')).not.toContain('flakyFailure')
    expect(parseXml(files.contents.get('out/junit.xml') ?? '').name).toBe('testsuites')
  })

  test('a full disk is an error, and leaves what was written before', async () => {
    const files = new MemoryFiles()
    files.full = 'junit'
    await expect(writeReport(record, comparison, { directory: 'out' }, port(files))).rejects.toThrow('ENOSPC')
    expect(files.contents.has('out/run.json')).toBe(true)
    expect(files.contents.has('out/junit.xml')).toBe(false)
    expect(files.log).toContain('close out/junit.xml.part')
  })

  test('a leftover of an interrupted report is not added to', async () => {
    const files = new MemoryFiles()
    files.contents.set('out/junit.xml.part', 'garbage')
    await writeReport(record, comparison, { directory: 'out' }, port(files))
    expect(files.contents.get('out/junit.xml')?.startsWith('<?xml')).toBe(true)
  })
})

test('any record reads back from its JSON', () => {
  fc.assert(
    fc.property(hostileRecord, (hostile) =>
      expect(JSON.parse([...recordJson(hostile)].join(''))).toEqual(JSON.parse(JSON.stringify(hostile))),
    ),
    { numRuns: 60 },
  )
})
