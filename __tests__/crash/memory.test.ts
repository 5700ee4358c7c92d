import { describe, expect, it } from '@jest/globals'
import { createClassifier } from './every-suite.js'

const MIB = 1024 * 1024

/** Feeds lines made on the fly and gives the growth of the heap in MiB, after a collection where the engine allows one. */
function heapGrowth(lines: number, make: (index: number) => string): { growthMiB: number; reports: number } {
  const classifier = createClassifier()
  let reports = 0
  const before = process.memoryUsage().heapUsed
  for (let index = 0; index < lines; index += 1) reports += classifier.line(make(index)).length
  globalThis.gc?.()
  const growthMiB = (process.memoryUsage().heapUsed - before) / MIB
  return { growthMiB, reports: reports + classifier.end().length }
}

// Without --expose-gc garbage counts too; the engine collects long before this much of 30 MB of console.
const LIMIT_MIB = globalThis.gc === undefined ? 60 : 24

describe('memory', () => {
  it.each([
    ['an ordinary log', (index: number) => `[ ${index}.000000][    T1] XFS (vdb): Mounting V5 Filesystem ${'x'.repeat(900)}`],
    [
      'one stack that never ends',
      (index: number) =>
        index === 0 ? '[    1.0] BUG: kernel NULL pointer dereference, address: 0' : `[    1.0]  frame_${index}+0x1/0x2 ${'y'.repeat(900)}`,
    ],
    [
      'a context for every line',
      (index: number) => `[    1.0][T${index}] WARNING: CPU: 1 PID: ${index} at fs/a.c:1 foo+0x1/0x2 ${'z'.repeat(900)}`,
    ],
  ])(
    'does not grow with %s',
    (_, make) => {
      const { growthMiB } = heapGrowth(30_000, make)
      expect(growthMiB).toBeLessThan(LIMIT_MIB)
    },
    60_000,
  )

  it('gives each of many reports, not one that swallows the rest', () => {
    const { reports } = heapGrowth(1000, (index) => `[    1.0] WARNING: CPU: 1 PID: ${index} at fs/a.c:1 foo+0x1/0x2`)
    expect(reports).toBe(1000)
  })
})

describe('speed', () => {
  it('reads 10 MB of console in under a second of processor time', () => {
    const text = (index: number) =>
      `10:00:00.123| [ ${index}.123456][    T1] pci 0000:00:1f.2: BAR ${index % 6}: assigned [mem 0xfebd0000-0xfebd0fff]`
    const lines = Array.from({ length: 105_000 }, (_, index) => text(index))
    const classifier = createClassifier()
    const started = process.cpuUsage()
    for (const line of lines) classifier.line(line)
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10)
  })
})
