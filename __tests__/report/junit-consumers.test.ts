import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { convertJUnitToCTRFReport } from 'junit-to-ctrf'
import { parse } from 'junit2json'
import type { RunRecord } from '../../src/domain/record.js'
import type { Comparison } from '../../src/domain/stages.js'
import { placeTests } from '../../src/report/buckets.js'
import { type JunitDialect, junitXml } from '../../src/report/junit.js'
import { hostileRecord } from './hostile.js'
import { aStory } from './story.js'
import { runTool, testWith } from './tools.js'

const directory = mkdtempSync(join(tmpdir(), 'vmtest-junit-'))
afterAll(() => rmSync(directory, { recursive: true }))

const { record, comparison } = aStory()
const schema = join(import.meta.dirname ?? __dirname, 'jenkins.xsd')

function write(name: string, dialect: JunitDialect, run: RunRecord = record, held: Comparison | null = comparison): string {
  const path = join(directory, name)
  writeFileSync(path, [...junitXml(run, placeTests(run, held), { dialect, maxTestBytes: 65536, sourceDirectories: {} })].join(''))
  return path
}

const hasXmllint = runTool('xmllint', ['--version']) !== null
const python = '/usr/bin/python3'
const hasJunitparser = runTool(python, ['-c', 'import junitparser'])?.status === 0

/** What the story holds, counted by hand: 14 tests, of them 5 wrong, 4 skipped, 5 passed (one flaky, one stale). */
const EXPECTED = { tests: 14, failures: 2, errors: 3, skipped: 4 }

describe('library consumers count the same', () => {
  test('junit2json, with file and line of every case', async () => {
    const text = [
      ...junitXml(record, placeTests(record, comparison), { dialect: 'annotated', maxTestBytes: 65536, sourceDirectories: {} }),
    ].join('')
    const read = await parse(text)
    if (read === null || read === undefined || !('testsuite' in read)) throw new Error('no testsuites')
    const cases = read.testsuite?.flatMap((suite) => suite.testcase ?? []) ?? []
    const having = (name: 'failure' | 'error' | 'skipped') => cases.filter((each) => each[name] !== undefined).length
    expect({ tests: cases.length, failures: having('failure'), errors: having('error'), skipped: having('skipped') }).toEqual(EXPECTED)
    expect(read).toMatchObject({ tests: 14, failures: 2, errors: 3 })
    const resolved = cases.map((each) => ('file' in each && 'line' in each ? `${each.file}:${each.line}` : ''))
    expect(resolved).toEqual(record.tests.map((each) => `${each.file}:${each.line}`))
  })

  test('junit-to-ctrf, which also knows the flaky one', async () => {
    const report = await convertJUnitToCTRFReport(write('ctrf.xml', 'annotated'))
    const tests = report?.results.tests ?? []
    const at = (status: string) => tests.filter((each) => each.status === status).length
    expect({ tests: tests.length, wrong: at('failed'), skipped: at('skipped'), passed: at('passed') }).toEqual({
      tests: 14,
      wrong: 5,
      skipped: 4,
      passed: 5,
    })
    expect(tests.filter((each) => each.flaky).map((each) => each.name)).toEqual([expect.stringContaining('generic/070')])
    expect(report?.results.summary).toMatchObject({ tests: 14, failed: 5, skipped: 4, passed: 5 })
  })

  testWith(hasJunitparser, 'python3-junitparser').each(['annotated', 'jenkins'] as const)('junitparser, %s dialect', (dialect) => {
    const script = [
      'import json, sys',
      'from junitparser import JUnitXml, Error, Failure, Skipped',
      'xml = JUnitXml.fromfile(sys.argv[1])',
      'cases = [case for suite in xml for case in suite]',
      'having = lambda kind: sum(any(isinstance(r, kind) for r in case.result) for case in cases)',
      'own = {"tests": len(cases), "failures": having(Failure), "errors": having(Error), "skipped": having(Skipped)}',
      'suites = {key: sum(getattr(suite, key) for suite in xml) for key in own}',
      'print(json.dumps([own, suites]))',
    ].join('\n')
    const run = runTool(python, ['-c', script, write(`parser-${dialect}.xml`, dialect)])
    expect(JSON.parse(run?.output ?? '')).toEqual([EXPECTED, EXPECTED])
  })
})

describe('schemas', () => {
  const withXmllint = testWith(hasXmllint, 'xmllint')

  withXmllint('the strict dialect passes the schema of Jenkins', () => {
    const run = runTool('xmllint', ['--noout', '--schema', schema, write('jenkins.xml', 'jenkins')])
    expect(run).toEqual({ status: 0, output: expect.stringContaining('validates') })
  })

  withXmllint('the annotated dialect does not, so the check can fail', () => {
    expect(runTool('xmllint', ['--noout', '--schema', schema, write('annotated.xml', 'annotated')])?.status).not.toBe(0)
  })

  withXmllint('both dialects are well-formed, and the strict one valid, whatever the guest printed', () => {
    const runs = fc.sample(hostileRecord, { numRuns: 40, seed: 7 })
    const strict = runs.map((run, index) => write(`hostile-${index}.xml`, 'jenkins', run, null))
    const annotated = runs.map((run, index) => write(`annotated-${index}.xml`, 'annotated', run, null))
    expect(runTool('xmllint', ['--noout', '--schema', schema, ...strict])?.status).toBe(0)
    expect(runTool('xmllint', ['--noout', ...annotated])).toEqual({ status: 0, output: '' })
  })
})
