import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { clearLeftDisks, makeDiskDirectory, neighbours } from '../../src/pipeline/leftover-disks.js'
import { isRunning, noteEnded, noteRunning } from '../../src/pipeline/run-process.js'
import { createFiles } from '../../src/ports/real/files.js'

const files = createFiles()
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-run-process-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** A process that is gone. */
async function deadProcess(): Promise<number> {
  const child = spawn('true')
  await new Promise((resolve) => child.once('exit', resolve))
  return child.pid ?? 0
}

test('a run is at work from its note to its end, and not when its process is gone or the number is another’s', async () => {
  expect(await isRunning(directory, files)).toBe(false)
  await noteRunning(directory, files)
  expect(await isRunning(directory, files)).toBe(true)
  await noteEnded(directory, files)
  expect(await isRunning(directory, files)).toBe(false)
  writeFileSync(join(directory, 'process.json'), JSON.stringify({ pid: await deadProcess(), start: '1' }))
  expect(await isRunning(directory, files)).toBe(false)
  writeFileSync(join(directory, 'process.json'), JSON.stringify({ pid: process.pid, start: '1' }))
  expect(await isRunning(directory, files)).toBe(false)
})

test('of disks left behind: a killed run’s are removed, kept ones are named, a living run’s and strangers’ are left alone', async () => {
  const own = async (run: string, keep: boolean, pid?: number) => {
    const path = await makeDiskDirectory(directory, { run, keep }, files)
    if (pid !== undefined) writeFileSync(join(path, 'owner.json'), JSON.stringify({ run, keep, pid, start: '1' }))
    return path
  }
  const dead = await deadProcess()
  const killed = await own('/runs/killed', false, dead)
  const kept = await own('/runs/kept', true, dead)
  const living = await own('/runs/living', false)
  const strange = join(directory, 'vmtest-disks-older')
  mkdirSync(strange)
  const sentences = await clearLeftDisks([directory, directory, join(directory, 'absent')], files)
  expect(sentences).toHaveLength(2)
  expect(sentences).toContainEqual(`/runs/killed was killed and left its disks in ${killed}: they are removed`)
  expect(sentences).toContainEqual(`the disks that \`--keep\` kept of /runs/kept are in ${kept}; when they are not needed: rm -r ${kept}`)
  expect([killed, kept, living, strange].map((path) => existsSync(path))).toEqual([false, true, true, true])
})

test('disks are looked for in the runs beside this one', async () => {
  for (const name of ['a', 'b']) mkdirSync(join(directory, name))
  expect(await neighbours(join(directory, 'a'), files)).toEqual([join(directory, 'b')])
})
