import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { lastRunWithTests } from '../../src/cli/read-run.js'
import { noteRunning } from '../../src/pipeline/run-process.js'
import { createFiles } from '../../src/ports/real/files.js'
import { cliContext } from './cli-context.js'

const files = createFiles()
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-last-run-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function aRun(name: string, ...has: readonly string[]): string {
  const path = join(directory, '.vmtest/runs', name)
  mkdirSync(path, { recursive: true })
  for (const file of ['plan.json', ...has]) writeFileSync(join(path, file), '{}')
  return path
}

const last = () => lastRunWithTests(cliContext(directory, { files }).context)

test('the last run that chose tests and has ended; those after it are named with why they are not it', async () => {
  aRun('2026-01-31T100000Z', 'selection.json')
  const meant = aRun('2026-01-31T110000Z', 'selection.json')
  aRun('2026-01-31T120000Z')
  const running = aRun('2026-01-31T130000Z', 'selection.json')
  await noteRunning(running, files)
  expect(await last()).toEqual({
    directory: meant,
    passedOver: ['2026-01-31T130000Z still runs', '2026-01-31T120000Z came to no tests'],
  })
})

test('where none chose tests it is the last one that has ended; where there is none that is said', async () => {
  await expect(last()).rejects.toThrow('There is no run below')
  const first = aRun('2026-01-31T120000Z')
  const running = aRun('2026-01-31T130000Z')
  await noteRunning(running, files)
  expect(await last()).toEqual({ directory: first, passedOver: ['2026-01-31T130000Z still runs'] })
  rmSync(first, { recursive: true })
  await expect(last()).rejects.toThrow('that has ended (2026-01-31T130000Z still runs)')
})
