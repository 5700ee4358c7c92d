import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import type { Progress } from '../../src/domain/stages.js'
import { holdingTree } from '../../src/kernel/hold-tree.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

const ports = { exec: createExec(), files: createFiles(), clock: createClock() }
const hasFlock = spawnSync('flock', ['--version']).status === 0
const testWithFlock = hasFlock ? test : test.skip
let objects: string
beforeEach(() => {
  objects = mkdtempSync(join(tmpdir(), 'vmtest-hold-'))
})
afterEach(() => rmSync(objects, { recursive: true, force: true }))

/** Two runs in one object directory: the first holds it until the second waits. */
async function second(signal?: AbortSignal, interrupt?: () => void) {
  const told: Progress[] = []
  let leave: () => void = () => undefined
  const left = new Promise<void>((resolve) => {
    leave = resolve
  })
  let entered: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    entered = resolve
  })
  const first = holdingTree(objects, { who: 'the run .vmtest/runs/1', onProgress: () => undefined }, ports, async () => {
    entered()
    await left
  })
  await held
  const onProgress = (progress: Progress) => {
    told.push(progress)
    if (progress.kind === 'waiting' && progress.message !== null) (interrupt ?? leave)()
  }
  const waiting = holdingTree(objects, { who: '`vmtest config edit`', onProgress, ...(signal && { signal }) }, ports, async () => 'done')
  const outcome = await waiting.catch((error: unknown) => error)
  leave()
  await first
  return { told, outcome }
}

testWithFlock('who waits says for whom, and goes on when that one has left', async () => {
  const { told, outcome } = await second()
  expect(outcome).toBe('done')
  expect(told).toEqual([
    { kind: 'waiting', message: `for the run .vmtest/runs/1 (process ${process.pid}) to leave ${objects}` },
    { kind: 'waiting', message: null },
  ])
  expect(existsSync(join(objects, 'vmtest-holder.json'))).toBe(false)
})

testWithFlock('an interruption ends the waiting at once, and nothing is done', async () => {
  const ending = new AbortController()
  const { outcome } = await second(ending.signal, () => ending.abort())
  expect(outcome).toMatchObject({ kind: 'could-not-test', message: expect.stringContaining('interrupted while it waited') })
})
