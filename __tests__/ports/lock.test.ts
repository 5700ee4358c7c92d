import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { holdingLock } from '../../src/ports/lock.js'
import { createExec } from '../../src/ports/real/exec.js'

const directory = mkdtempSync(join(tmpdir(), 'vmtest-lock-'))
afterAll(() => rmSync(directory, { recursive: true }))
const exec = createExec()

test('of several at once one works at a time, and an error lets the next in', async () => {
  let inside = 0
  let most = 0
  let done = 0
  const work = (fails: boolean) =>
    holdingLock({ exec }, { directory, waitSeconds: 60 }, async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 20))
      inside--
      done++
      if (fails) throw new Error('own')
      return 7
    })
  const settled = await Promise.allSettled([work(false), work(true), work(false), work(false)])
  expect([most, done]).toEqual([1, 4])
  expect(settled.map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message))).toEqual([7, 'own', 7, 7])
})

test('a lock that cannot be had in time, or not at all, is gone on without', async () => {
  const got = await holdingLock({ exec }, { directory, waitSeconds: 60 }, () =>
    holdingLock({ exec }, { directory, waitSeconds: 1 }, async () => 'in'),
  )
  expect(got).toBe('in')
  expect(await holdingLock({ exec }, { directory: join(directory, 'absent'), waitSeconds: 1 }, async () => 'in')).toBe('in')
  const bare = { which: async () => null, spawn: () => Promise.reject(new Error('there is no flock to start')) }
  expect(await holdingLock({ exec: bare }, { directory, waitSeconds: 1 }, async () => 'in')).toBe('in')
})

test('a holder that is killed leaves no lock behind', async () => {
  const held = await exec.spawn(['flock', '--no-fork', directory, 'cat'])
  await held.stdin.write('\n')
  for await (const _ of held.stdout) break
  held.kill('SIGKILL')
  await held.exit
  const started = await holdingLock({ exec }, { directory, waitSeconds: 60 }, async () => 'in')
  expect(started).toBe('in')
})
