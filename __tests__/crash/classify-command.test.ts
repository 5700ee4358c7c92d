import { describe, expect, it } from '@jest/globals'
import type { ClassifiedReport } from '../../src/crash/classify-command.js'
import { classifyChunks } from './every-suite.js'

const LOG = [
  'TITLE: a header line is a line',
  '',
  '[   10.000000] run fstests generic/010 at 2026-11-24 10:00:00',
  '[   11.000000] ------------[ cut here ]------------',
  '[   11.000100] WARNING: CPU: 0 PID: 7 at fs/a.c:1 foo+0x1/0x2',
  '[   11.000200] Call Trace:',
  '[   11.000300]  bar+0x1/0x2',
  '[   11.000400] ---[ end trace 0000000000000000 ]---',
  '[   12.000000] EXT4-fs (vdb): mounted filesystem',
].join('\n')

const EXPECTED = [{ kind: 'warning', title: 'WARNING in foo', fatal: false, firstLine: 4, lastLine: 8, test: 'generic/010' }]

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size)
}

async function classify(bytes: Uint8Array, size: number): Promise<ClassifiedReport[]> {
  const reports: ClassifiedReport[] = []
  for await (const report of classifyChunks(chunksOf(bytes, size))) reports.push(report)
  return reports
}

describe('classify', () => {
  it.each([1, 2, 7, 64, 4096])('gives the same for chunks of %i bytes', async (size) => {
    expect(await classify(Buffer.from(LOG), size)).toEqual(EXPECTED)
    expect(await classify(Buffer.from(`${LOG}\n`), size)).toEqual(EXPECTED)
  })

  it('takes carriage returns, invalid UTF-8 and a line of a megabyte', async () => {
    const dirty = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x0a]),
      Buffer.alloc(1024 * 1024, 0x78),
      Buffer.from(`\n${LOG.replaceAll('\n', '\r\n')}`),
    ])
    expect(await classify(dirty, 1000)).toEqual(EXPECTED.map((report) => ({ ...report, firstLine: 6, lastLine: 10 })))
  })

  it('gives nothing for nothing', async () => {
    expect(await classify(new Uint8Array(), 10)).toEqual([])
  })
})
