import { describe, expect, it } from '@jest/globals'
import { seededRandom } from '../../fuzz/mutate.js'
import { MAX_REPORT_LINES } from '../../src/crash/open-report.js'
import { kernelReportSchema } from '../../src/domain/kernel-report.js'
import { createClassifier } from './every-suite.js'

const FRAGMENTS = [
  '[    1.000000]',
  '[   T31]',
  '[  C1]',
  '<4>',
  '10:00:00.000| ',
  'BUG: KASAN: use-after-free in ',
  'WARNING: CPU: 1 PID: 2 at fs/a.c:1 ',
  'Kernel panic - not syncing: ',
  'foo+0x1/0x2',
  ' Call Trace:',
  'Read of size 8',
  'INFO: task a:1 blocked for more than 120 seconds.',
  '---[ end trace',
  'run fstests generic/001 at 2026-11-24 10:00:00',
  'XFS (vdb): Corruption of in-memory data',
  '------------[ cut here ]------------',
  '\u0000',
  '\r',
  '\u001b[31m',
  '\ufffd',
  '</IRQ>',
  'RIP: 0010:',
  '<EOI>',
  'unreferenced object 0x0 (size 8)',
  'Linux version 6.1',
  '(((((((((',
  '\\',
  '$1 {fn} in ',
  '?',
]

function garbageLine(next: () => number): string {
  const parts = Array.from({ length: 1 + Math.floor(next() * 8) }, () => {
    const fragment = FRAGMENTS[Math.floor(next() * FRAGMENTS.length)] ?? ''
    return next() < 0.2 ? fragment.slice(0, Math.floor(next() * fragment.length)) : fragment
  })
  return parts.join(next() < 0.5 ? ' ' : '')
}

describe('garbage', () => {
  it.each(Array.from({ length: 200 }, (_, seed) => seed))('seed %i gives valid reports and no exception', (seed) => {
    const next = seededRandom(seed)
    const classifier = createClassifier()
    const count = 300
    const reports = Array.from({ length: count }, () => garbageLine(next)).flatMap((line) => classifier.line(line))
    for (const report of [...reports, ...classifier.end()]) {
      kernelReportSchema.parse(report)
      expect(report.title).not.toBe('')
      expect(report.firstLine).toBeLessThanOrEqual(report.lastLine)
      expect(report.lastLine).toBeLessThanOrEqual(count)
      expect(report.lines.length).toBeLessThanOrEqual(MAX_REPORT_LINES)
    }
    expect(classifier.end()).toEqual([])
  })

  it.each([
    'a'.repeat(1000),
    `${' '.repeat(1000)}+0x`,
    `IP: ${' '.repeat(1000)}+0x1`,
    `RIP: 0010:${' '.repeat(500)}[<ff>]${' '.repeat(400)}+0x1`,
    `<EOI>${' '.repeat(900)}+0x1/0x2`,
    `[<ff>]${' '.repeat(900)}+0x1/0x2`,
    ` foo+0x1/0x2 ${'a/'.repeat(450)}`,
    ` foo+0x1/0x2 ${'a.'.repeat(450)}`,
    ` ${'a'.repeat(900)}+0x1/0x2`,
    'WARNING: '.repeat(100),
    `WARNING: CPU: 1 PID: 1 at ${'x/'.repeat(450)}`,
    `WARNING: ${'a.'.repeat(450)}c:1`,
    `BUG: ${'a. '.repeat(300)}`,
    `Kernel panic - not syncing: a${' '.repeat(900)}b`,
    `INFO: task ${':1'.repeat(450)} blocked for more than`,
    'XFS (x): '.repeat(100),
    '['.repeat(1000),
    '[ '.repeat(500),
    `${'9'.repeat(500)}.${'9'.repeat(500)}`,
    '\u001b['.repeat(400),
    'deadbeef'.repeat(120),
  ])('a guest cannot make a line that takes long: %#', (line) => {
    const started = process.cpuUsage()
    const classifier = createClassifier()
    const rounds = 40
    // As a line that opens, as one of a report's, and as a title.
    for (let round = 0; round < rounds; round += 1) {
      classifier.line(`[    1.000000] ${line}`)
      classifier.line('[    1.000000] WARNING: CPU: 1 PID: 1 at fs/a.c:1 foo+0x1/0x2')
      classifier.line(`[    1.000000] ${line}`)
      classifier.line(line)
    }
    classifier.end()
    expect(process.cpuUsage(started).user / 1e3 / rounds).toBeLessThan(100)
  })

  it('cuts a line of megabytes before anything reads it', () => {
    const classifier = createClassifier()
    const started = process.cpuUsage()
    for (const line of ['a'.repeat(10_000_000), `BUG: ${' '.repeat(10_000_000)}`]) classifier.line(line)
    classifier.end()
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(10)
  })
})
