import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { type KernelReport, kernelReportSchema } from '../../src/domain/kernel-report.js'
import { createClassifier } from './every-suite.js'

// One folder a case: console.log as the console printed it, expected.json. UPDATE_CASES=1 rewrites; read the diff.
const root = join(import.meta.dirname, 'cases')
const update = process.env.UPDATE_CASES === '1'

function classify(log: string): KernelReport[] {
  const classifier = createClassifier()
  return [...log.split('\n').flatMap((line) => classifier.line(line)), ...classifier.end()]
}

const summary = ({ lines, frames, ...rest }: KernelReport) => ({
  ...rest,
  firstText: lines[0],
  lastText: lines.at(-1),
  frames: frames.map(({ symbol }) => symbol),
})

describe('console logs', () => {
  it.each(readdirSync(root))('%s', (name) => {
    const reports = classify(readFileSync(join(root, name, 'console.log'), 'utf8'))
    for (const report of reports) kernelReportSchema.parse(report)
    const actual = reports.map(summary)
    const path = join(root, name, 'expected.json')
    if (update) writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`)
    if (!existsSync(path)) throw new Error(`${path} is missing: run with UPDATE_CASES=1 and read what it wrote`)
    expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')))
  })
})
