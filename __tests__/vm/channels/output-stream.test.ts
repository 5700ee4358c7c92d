import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { OutputSplitter } from '../../../src/vm/channels/output-stream.js'

function split(stream: Buffer, cuts: readonly number[]) {
  const splitter = new OutputSplitter()
  const points = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  const pieces = points.slice(1).flatMap((end, index) => splitter.feed(stream.subarray(points[index], end)))
  const joined: (number | string)[] = []
  for (const piece of [...pieces, ...splitter.end()]) {
    const last = joined.at(-1)
    if (piece.kind === 'end') joined.push(piece.batch)
    else if (typeof last === 'string') joined[joined.length - 1] = last + Buffer.from(piece.bytes).toString('latin1')
    else joined.push(Buffer.from(piece.bytes).toString('latin1'))
  }
  return joined
}

const noise = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('\0', '\0\0', '\0vmtest-end ', '\0vmtest-end x\0', '\0vmtest-end 1234567890\0'),
)
const cuts = fc.array(fc.nat(1000), { maxLength: 12 })

describe('the output channel', () => {
  test('ends of batches are found wherever the stream is cut, and every other byte is passed on', () => {
    fc.assert(
      fc.property(noise, noise, fc.integer({ min: 1, max: 999_999_999 }), cuts, (before, after, batch, points) => {
        const text = (value: string) => Buffer.from(value, 'utf8').toString('latin1')
        const stream = Buffer.concat([Buffer.from(`${before}`), Buffer.from(`\0vmtest-end ${batch}\0`), Buffer.from(after)])
        const expected = [text(before), batch, text(after)].filter((piece) => piece !== '')
        expect(split(stream, points)).toEqual(expected)
      }),
    )
  })

  test('a flood of NULs, or of what almost is an end, comes on in few pieces', () => {
    for (const text of ['\0', '\0vmtest-end x\0', '\0vmtest-end 1234567890\0']) {
      const splitter = new OutputSplitter()
      const chunk = Buffer.from(text.repeat(64 * 1024))
      expect(splitter.feed(chunk).length).toBeLessThanOrEqual(1)
      expect(splitter.feed(chunk).length).toBeLessThanOrEqual(1)
    }
  })
})
