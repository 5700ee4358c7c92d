import { describe, expect, test } from '@jest/globals'
import { outputStream } from '../../src/cli/output-stream.js'

describe('what the command prints to', () => {
  test.each([
    ['a terminal', { isTTY: true, columns: 80, rows: 50 }, { isTerminal: true, columns: 80, rows: 50 }],
    // `script -c` without a terminal of its own, some runners' and editors' shells.
    ['a terminal that was told no size', { isTTY: true, columns: 0, rows: 0 }, { isTerminal: true, columns: 120, rows: 24 }],
    ['a pipe', {}, { isTerminal: false, columns: 120, rows: 24 }],
  ])('%s has room for a line', (_what, output, expected) => {
    expect(outputStream({ ...output, write: () => true } as never, (text) => text)).toMatchObject(expected)
  })

  test('fences text, and leaves bytes as they are', () => {
    const written: unknown[] = []
    const stream = outputStream({ write: (data: unknown) => written.push(data) } as never, (text) => `<${text}>`)
    const bytes = Uint8Array.of(0, 255)
    stream.write('text')
    stream.write(bytes)
    expect(written).toEqual(['<text>', bytes])
  })
})
