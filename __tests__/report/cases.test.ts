import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { type RunRecord, runRecordSchema } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { upgradeRecord } from '../../src/domain/upgrade/index.js'
import { annotationsOf, junitXml, prepare, summaryMarkdown, terminalText } from '../../src/report/index.js'

/**
 * Whole renderings of whole records: `cases/NAME/run.json`, with `baseline.json` and `comparison.json` where there is a base
 * branch. `UPDATE_CASES=1` rewrites what is expected; a person reads the difference.
 */
const CASES = join(import.meta.dirname ?? __dirname, 'cases')

const readJson = (path: string): unknown => (existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : null)

function renderings(directory: string): Readonly<Record<string, string>> {
  const record = readRecord(readJson(join(directory, 'run.json')))
  const baseline = readJson(join(directory, 'baseline.json'))
  const comparison = readJson(join(directory, 'comparison.json')) as Comparison | null
  const rendered = prepare(record, comparison, {
    baseline: baseline === null ? null : readRecord(baseline),
    artifactName: 'vmtest-x86_64',
  })
  const junit = (dialect: 'annotated' | 'jenkins') =>
    [...junitXml(record, rendered.placement, { dialect, maxTestBytes: 4096, sourceDirectories: {} })].join('')
  return {
    'junit.xml': junit('annotated'),
    'jenkins.xml': junit('jenkins'),
    'summary.md': summaryMarkdown(rendered),
    'terminal.txt': terminalText(rendered, {
      colour: 'never',
      maxFailures: 10,
      directory: 'results',
      files: { report: 'results/report.html' },
    }),
    'annotations.json': `${JSON.stringify(annotationsOf(rendered, { changedFiles: ['fs/xfs/xfs_inode.c'], sourceDirectories: {} }), null, 2)}\n`,
  }
}

/** The runs are kept as the versions that wrote them did. */
function readRecord(json: unknown): RunRecord {
  return runRecordSchema.parse(upgradeRecord(json))
}

describe.each(readdirSync(CASES))('case %s', (name) => {
  const directory = join(CASES, name)
  test.each(Object.entries(renderings(directory)))('%s', (file, text) => {
    const path = join(directory, file)
    if (process.env.UPDATE_CASES === '1') writeFileSync(path, text)
    expect(text).toBe(readFileSync(path, 'utf8'))
  })
})
