import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { KernelReport } from '../../src/domain/kernel-report.js'
import { createClassifier } from './every-suite.js'

// Small logs from public reports that are no part of the project: each folder one or more logs and what is right.
const root = join(import.meta.dirname, '../../../shared/cases/reports')
const present = existsSync(root)
if (!present) console.warn(`skipped: no cases at ${root}`)

function classify(path: string): KernelReport[] {
  const classifier = createClassifier()
  return [
    ...readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => classifier.line(line)),
    ...classifier.end(),
  ]
}
const summary = ({ kind, title, fatal, firstLine, lastLine, test }: KernelReport) => ({ kind, title, fatal, firstLine, lastLine, test })

/** Each log of a folder, with the summary it is to give: `expected.json` holds one list, or one for each file's name. */
function casesOf(folder: string): (readonly [name: string, path: string, expected: unknown])[] {
  const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
  const expected: unknown = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))
  const of = (name: string): unknown => (Array.isArray(expected) ? expected : (expected as Record<string, unknown>)[name])
  return logs.map((name) => [name, join(folder, name), of(name) ?? of('every file')] as const)
}

const folders = present ? readdirSync(root).filter((name) => existsSync(join(root, name, 'expected.json'))) : ['none']
const describeIf = present ? describe : describe.skip
describeIf('logs of public reports', () => {
  it.each(folders)('%s', (name) => {
    const cases = present ? casesOf(join(root, name)) : []
    expect(cases.length).toBeGreaterThan(0)
    for (const [log, path, expected] of cases) expect([log, classify(path).map(summary)]).toEqual([log, expected])
  })

  it('the next report does not cut the one before it', () => {
    expect(classify(join(root, 'btrfs-error-then-warning/console.log')).map(summary)).toMatchObject([
      { firstLine: 1, lastLine: 3 },
      { firstLine: 4, lastLine: 9, kind: 'warning' },
    ])
  })
})
