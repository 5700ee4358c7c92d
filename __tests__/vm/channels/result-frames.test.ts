import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ResultFrame, ResultFrameParser } from '../../../src/vm/channels/result-frames.js'

/** As `base64` prints it: 76 characters a line. */
function base64Lines(bytes: Uint8Array): string {
  const text = Buffer.from(bytes).toString('base64')
  return (text.match(/.{1,76}/g) ?? []).map((line) => `${line}\n`).join('')
}

function parse(stream: Uint8Array, cuts: readonly number[] = []): ResultFrame[] {
  const parser = new ResultFrameParser()
  const points = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length]
  const frames = points.slice(1).flatMap((end, index) => parser.feed(stream.subarray(points[index], end)))
  return [...frames, ...parser.end()]
}

/** What arrived of each file, and whether it is complete. */
function filesIn(frames: readonly ResultFrame[]) {
  const files: { path: string; bytes: Buffer; complete: boolean | null }[] = []
  for (const frame of frames) {
    const last = files.at(-1)
    if (frame.kind === 'file') files.push({ path: frame.path, bytes: Buffer.alloc(0), complete: null })
    else if (frame.kind === 'bytes' && last !== undefined) last.bytes = Buffer.concat([last.bytes, frame.bytes])
    else if (frame.kind === 'file-end' && last !== undefined) last.complete = frame.complete
  }
  return files
}

const cuts = fc.array(fc.nat(100_000), { maxLength: 10 })
const sentFiles = fc.array(
  fc.record({ path: fc.stringMatching(/^[a-z]{1,8}\/[a-z .0-9]{1,8}x$/), bytes: fc.uint8Array({ maxLength: 400 }) }),
  { maxLength: 6 },
)

describe('the results channel', () => {
  test('gives every file byte for byte, in whatever pieces it comes', () => {
    fc.assert(
      fc.property(sentFiles, cuts, (files, points) => {
        const stream = Buffer.from(files.map(({ path, bytes }) => `F ${path}\n${base64Lines(bytes)}.\n`).join(''))
        expect(filesIn(parse(stream, points))).toEqual(
          files.map(({ path, bytes }) => ({ path, bytes: Buffer.from(bytes), complete: true })),
        )
      }),
    )
  })

  test('does not depend on how garbage is cut, and never throws', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.constantFrom('F a/b\n', 'M start x/1\n', '.\n', '!\n', 'aGk=\n', 'X 5 a\n', 'A 7 a\n').map((text) => Buffer.from(text)),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), cuts, (pieces, points) => {
        const stream = Buffer.concat(pieces)
        expect(parse(stream, points)).toEqual(parse(stream))
      }),
    )
  })

  test('what a file gained while it was read stands behind the padding of what it had', () => {
    // As busybox 1.35 printed a log that was written to; see findings/busybox-base64-pads-in-the-middle.sh.
    const printed = 'IDAgaGVyZQphZ25vID0gMCBoZXJlCg==YWdubyA9IDAgaGVyZQo='
    const frames = new ResultFrameParser().feed(Buffer.from(`F a\n${printed}\n.\n`))
    expect(frames.map((frame) => (frame.kind === 'bytes' ? Buffer.from(frame.bytes).toString() : frame.kind))).toEqual([
      'file',
      ' 0 here\nagno = 0 here\nagno = 0 here\n',
      'file-end',
    ])
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { minLength: 1, maxLength: 5 }), (pieces) => {
        const text = pieces.map((piece) => Buffer.from(piece).toString('base64')).join('')
        const stream = `F a\n${text.replace(/.{76}/g, '$&\n')}\n.\n`
        const read = new ResultFrameParser().feed(Buffer.from(stream))
        expect(Buffer.concat(read.flatMap((frame) => (frame.kind === 'bytes' ? [frame.bytes] : [])))).toEqual(Buffer.concat(pieces))
        expect(read.at(-1)).toEqual({ kind: 'file-end', complete: true })
      }),
    )
    for (const wrong of ['====', 'YQ===', 'YQ==Y', '=YQ=', 'Y=Q='])
      expect([wrong, new ResultFrameParser().feed(Buffer.from(`F a\n${wrong}\n.\n`)).map(({ kind }) => kind)]).toEqual([
        wrong,
        ['file', 'garbage', 'file-end'],
      ])
  })

  test('after garbage the next file arrives whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (garbage) => {
        const stream = Buffer.concat([garbage, Buffer.from(`\nF a/good\n${base64Lines(Buffer.from('fine'))}.\n`)])
        expect(filesIn(parse(stream)).at(-1)).toEqual({ path: 'a/good', bytes: Buffer.from('fine'), complete: true })
      }),
    )
  })

  test('a file whose lines were damaged, given up or cut is not complete', () => {
    const ends = (text: string) => filesIn(parse(Buffer.from(text))).map((file) => file.complete)
    expect(ends('F a\naGVs\nnot base64?\n.\n')).toEqual([false])
    expect(ends('F a\naGVs\n!\n')).toEqual([false])
    expect(ends('F a\naGVs\naGV')).toEqual([false])
    expect(ends('F a\naGVs\nF b\naGVs\n.\n')).toEqual([false, true])
  })

  test('headers', () => {
    expect(parse(Buffer.from('M start generic/001\nX 99 a b\nA 7 c\n!\nA x c\nZ 1\n'))).toEqual([
      { kind: 'mark', text: 'start generic/001' },
      { kind: 'oversize', path: 'a b', sizeBytes: 99 },
      { kind: 'file', path: 'c', offset: 7 },
      { kind: 'file-end', complete: false },
      { kind: 'garbage', line: 'A x c' },
      { kind: 'garbage', line: 'Z 1' },
    ])
  })

  test('a line without end costs no memory and is one piece of garbage', () => {
    const parser = new ResultFrameParser()
    const megabyte = new Uint8Array(1024 * 1024).fill(0x41)
    for (let i = 0; i < 20; i++) expect(parser.feed(megabyte)).toEqual([])
    expect(parser.feed(Buffer.from('\nM end 0\n')).map((frame) => frame.kind)).toEqual(['garbage', 'mark'])
  })
})
