import { expect, test } from '@jest/globals'
import { untilInterrupted } from '../../src/pipeline/interruption.js'
import type { Ports } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createExec } from '../../src/ports/real/exec.js'

const ports = { exec: createExec(), clock: createClock() } as Ports

test('work that is not interrupted gives what it gives, error or value', async () => {
  const { signal } = new AbortController()
  expect(await untilInterrupted(signal, ports, async () => 7)).toBe(7)
  await expect(untilInterrupted(signal, ports, () => Promise.reject(new Error('own')))).rejects.toThrow('own')
})

test('an interruption ends programs that run and those that still start, and what they say of it is taken', async () => {
  const controller = new AbortController()
  const ended = untilInterrupted(controller.signal, ports, async ({ exec }) => {
    const running = exec.run(['sh', '-c', 'trap "echo told; exit 3" TERM; echo up; while :; do sleep 0.05; done'], {
      onStdoutLine: (line) => line === 'up' && controller.abort(),
    })
    return [await running, await exec.run(['sleep', '300'])]
  })
  const [first, second] = await ended
  expect(first).toMatchObject({ code: 3, stdout: 'up\ntold\n' })
  expect(second).toMatchObject({ code: null, signal: 'SIGTERM' })
})

test('an interruption ends a program that has a signal of its own, too', async () => {
  const controller = new AbortController()
  const own = new AbortController()
  const ended = untilInterrupted(controller.signal, ports, ({ exec }) =>
    exec.run(['sh', '-c', 'echo up; exec sleep 300'], {
      signal: own.signal,
      onStdoutLine: () => controller.abort(),
    }),
  )
  expect(await ended).toMatchObject({ code: null, signal: 'SIGTERM' })
})

test('what answers to nothing is waited for a second, so that the whole run ends within two', async () => {
  const controller = new AbortController()
  const waits: number[] = []
  const clock = { ...ports.clock, sleep: async (seconds: number) => void waits.push(seconds) }
  const given = untilInterrupted(controller.signal, { ...ports, clock }, () => new Promise<never>(() => undefined))
  controller.abort()
  await expect(given).rejects.toThrow('The run was interrupted.')
  expect(waits).toEqual([1])
})

test('what answers to nothing is given up, and what it does later disturbs nobody', async () => {
  const controller = new AbortController()
  let later: (error: Error) => void = () => undefined
  const deaf = new Promise<never>((_, reject) => {
    later = reject
  })
  const clock = { ...ports.clock, sleep: async () => undefined }
  const given = untilInterrupted(controller.signal, { ...ports, clock }, () => deaf)
  controller.abort()
  await expect(given).rejects.toThrow('The run was interrupted.')
  later(new Error('long after'))
})

test('after an interruption nothing is begun', async () => {
  let begun = false
  const given = untilInterrupted(AbortSignal.abort(), ports, async () => {
    begun = true
  })
  await expect(given).rejects.toThrow('The run was interrupted.')
  expect(begun).toBe(false)
})
