import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { createClassifier } from './every-suite.js'

// Labelled console logs that are no part of the project; scripts/crash-confusion.mjs describes their form and prints the misses.
const dir = join(import.meta.dirname, '../../../shared/crash-logs')
const present = existsSync(dir)
if (!present) console.warn(`skipped: no labelled logs at ${dir}`)

interface Outcome {
  readonly expected: readonly string[]
  readonly corrupted: boolean
  readonly found: string | null
  /** What only the fuzzer that made these logs prints, and no kernel. */
  readonly ofFuzzer: boolean
}

function outcomeOf(lines: readonly string[]): Outcome {
  const blank = lines.indexOf('')
  const header = lines.slice(0, blank)
  const values = (name: string) =>
    header
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).trim())
      .filter((value) => value !== '')
  const classifier = createClassifier()
  const reports = [...lines.slice(blank + 1).flatMap((line) => classifier.line(line)), ...classifier.end()]
  const first = reports.sort((one, other) => one.firstLine - other.firstLine)[0]
  const title = values('TITLE')
  return {
    expected: title.length === 0 ? [] : [...title, ...values('ALT')],
    corrupted: values('CORRUPTED').includes('Y'),
    found: first?.title ?? null,
    ofFuzzer: values('TYPE').includes('SYZ_FAILURE'),
  }
}

const describeIf = present ? describe : describe.skip
describeIf('labelled logs', () => {
  const names = present ? readdirSync(dir).filter((name) => /^\d+\.txt$/.test(name)) : []
  const outcomes = names.map((name) => outcomeOf(readFileSync(join(dir, name), 'latin1').split('\n'))).filter(({ ofFuzzer }) => !ofFuzzer)

  it('are told from logs with nothing to report in 995 of 1000 cases', () => {
    const right = outcomes.filter(({ expected, found }) => expected.length > 0 === (found !== null))
    expect(right.length / outcomes.length).toBeGreaterThanOrEqual(0.995)
  })

  it('get the expected title in 985 of 1000 cases', () => {
    const titled = outcomes.filter(({ expected, corrupted }) => expected.length > 0 && !corrupted)
    const right = titled.filter(({ expected, found }) => found !== null && expected.includes(found))
    expect(right.length / titled.length).toBeGreaterThanOrEqual(0.985)
  })
})
