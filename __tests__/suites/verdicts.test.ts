import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { gatherEvidence, readFstestsResults } from '../../src/suites/fstests/index.js'
import { diskFiles } from './tree-files.js'

/** Adding a case is adding a folder: what check left, and what it means. UPDATE_CASES=1 rewrites expectations; a person reads the diff. */
const cases = join(import.meta.dirname ?? __dirname, 'cases')

async function read(directory: string) {
  const { verdicts, disagreements, problems, sections, properties } = readFstestsResults(await gatherEvidence(diskFiles, directory))
  return {
    verdicts: verdicts.map((verdict) => ({
      test: verdict.section === null ? verdict.name : `${verdict.section} ${verdict.name}`,
      attempts: verdict.attempts.map(({ files, isDiffWhole, ...attempt }) => ({
        ...attempt,
        ...(attempt.diff === null ? {} : { isDiffWhole }),
        files: files.map((file) => file.path.slice(directory.length + 1)),
      })),
    })),
    disagreements,
    problems: problems.map((problem) => problem.replaceAll(`${directory}/`, '')),
    sections: sections.map(({ name, fstyp, platform }) => ({ name, fstyp, platform })),
    properties,
  }
}

describe('readFstestsResults', () => {
  test.each(readdirSync(cases))('%s', async (name) => {
    const directory = join(cases, name)
    const path = join(directory, 'expected.json')
    const actual = await read(directory)
    if (process.env.UPDATE_CASES === '1') writeFileSync(path, `${JSON.stringify(actual, null, 2)}\n`)
    expect(existsSync(path)).toBe(true)
    expect(actual).toEqual(JSON.parse(readFileSync(path, 'utf8')))
  })
})
