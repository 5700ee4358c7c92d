import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { parseInputs } from '../../src/inputs/parse.js'
import { placesFrom } from '../../src/pipeline/directories.js'
import { openRun, planOnly } from '../../src/pipeline/open-run.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createFiles } from '../../src/ports/real/files.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-open-run-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const files = createFiles()
const open = (output: string) =>
  openRun(
    {
      inputs: parseInputs('action', { bundle: '/bundle', ...(output === '' ? {} : { output }) }),
      env: { GITHUB_JOB: 'job' },
      places: placesFrom({ checkout: directory, workingDirectory: directory, env: { RUNNER_TEMP: directory, HOME: directory } }),
    },
    { files, clock: createClock() },
  )

test('runs that start at the same moment on one machine each get a directory of their own, with their own plan in it', async () => {
  const runs = await Promise.all(Array.from({ length: 12 }, () => open('')))
  const places = runs.map((run) => run.directory)
  expect(new Set(places).size).toBe(12)
  for (const place of places) {
    expect(JSON.parse(readFileSync(join(place, 'plan.json'), 'utf8')).outputDirectory).toBe(place)
    // Beside it only whose process works on it.
    expect(readdirSync(place)).toEqual(['plan.json', 'process.json'])
    expect(statSync(place).mode & 0o777).toBe(0o755)
  }
  // Nothing half-made stays beside them.
  expect(readdirSync(join(places[0] ?? '', '..')).filter((name) => name.startsWith('.'))).toEqual([])
})

test('of runs that were given one directory the first has it, the others are told', async () => {
  const output = join(directory, 'results')
  mkdirSync(output)
  const settled = await Promise.allSettled([open(output), open(output), open(output)])
  expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  for (const one of settled) if (one.status === 'rejected') expect(String(one.reason.message)).toContain('is not empty')
  expect(existsSync(join(output, 'plan.json'))).toBe(true)
  expect(readdirSync(directory)).toEqual(['results'])
})

test('a directory that cannot be made is refused with the next step, not taken for a defect', async () => {
  await expect(open('/proc/vmtest-nowhere/results')).rejects.toMatchObject({
    kind: 'usage',
    message: expect.stringContaining('The output directory /proc/vmtest-nowhere/results cannot be made or written.'),
    nextStep: expect.stringContaining('--output'),
  })
})

test('a disk that is too small for a record is refused before anything runs, with how much is needed, and nothing stays', async () => {
  const output = join(directory, 'results')
  const small = { ...files, freeBytes: async () => 20 * 1024 ** 2 }
  const inputs = parseInputs('cli', { bundle: '/bundle', output })
  const places = placesFrom({ checkout: directory, workingDirectory: directory, env: { HOME: directory } })
  await expect(openRun({ inputs, places }, { files: small, clock: createClock() })).rejects.toMatchObject({
    kind: 'could-not-test',
    message: expect.stringMatching(/has 20 MiB free, and a run's results need at least 80 MiB/),
  })
  expect(existsSync(output)).toBe(false)
})

test('in this project’s own checkout its flake, which builds no VM, is not the one that is meant', async () => {
  const at = (workingDirectory: string) => {
    const places = placesFrom({ checkout: `${directory}/`, workingDirectory, env: { HOME: directory } })
    return planOnly({ inputs: parseInputs('cli', {}), places }, { files, clock: createClock() })
  }
  const tree = join(directory, 'tree')
  mkdirSync(tree)
  for (const place of [directory, tree]) writeFileSync(join(place, 'flake.nix'), '{ }')
  expect((await at(directory)).bundle).toEqual({ kind: 'offline' })
  expect((await at(tree)).bundle).toMatchObject({ kind: 'flake', flake: '.' })
})
