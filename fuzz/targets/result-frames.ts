import { DEFAULT_RESULT_CAPS, ResultFiles } from '../../src/vm/channels/result-files.js'
import { type ResultFrame, ResultFrameParser } from '../../src/vm/channels/result-frames.js'
import { mustHold, type Target } from '../target.js'

const ROOT = '/run/guest'
const CAPS = { ...DEFAULT_RESULT_CAPS, files: 4, fileBytes: 256, guestBytes: 512 }

function frames(input: Uint8Array, step: number): readonly ResultFrame[] {
  const parser = new ResultFrameParser()
  const read: ResultFrame[] = []
  for (let at = 0; at < input.length; at += step) read.push(...parser.feed(input.subarray(at, at + step)))
  return [...read, ...parser.end()]
}

/** A disk that counts, and refuses a path outside the guest's directory. */
class CountingDisk {
  readonly sizes = new Map<string, number>()

  take(path: string, sizeBytes: number): void {
    mustHold(path.startsWith(`${ROOT}/`) && !path.includes('/../'), `nothing is written outside: ${path}`)
    this.sizes.set(path, sizeBytes)
  }

  readonly files = {
    write: async (path: string, contents: string | Uint8Array) => this.take(path, contents.length),
    openAppend: async (path: string) => ({
      append: async (contents: string | Uint8Array) => this.take(path, (this.sizes.get(path) ?? 0) + contents.length),
      close: async () => {},
    }),
    remove: async (path: string) => {
      mustHold(path.startsWith(`${ROOT}/`) && !path.includes('/../'), `nothing is removed outside: ${path}`)
      for (const held of this.sizes.keys()) if (held === path || held.startsWith(`${path}/`)) this.sizes.delete(held)
    },
  }
}

export const resultFrames: Target = {
  name: 'result-frames',
  words: [
    'F generic/001.out.bad\n',
    'A 4 generic/001.full\n',
    'A 0 a\n',
    'X 99 a\n',
    'M start generic/001\n',
    'D generic/001.full\n',
    'L 4 a\n',
    '.\n',
    '!\n',
    'QUJD\n',
    'F ../../x\n',
    'F /etc/x\n',
    '\u0000',
    '\n',
  ],
  async run(input) {
    const read = frames(input, input.length || 1)
    const again = frames(input, 1 + ((input[0] ?? 0) % 16))
    mustHold(JSON.stringify(read) === JSON.stringify(again), 'how the stream is cut into chunks changes nothing')
    const disk = new CountingDisk()
    const results = new ResultFiles(disk.files, CAPS)
    results.begin(ROOT)
    for (const frame of read) if (frame.kind !== 'mark') await results.accept(frame)
    await results.settle()
    mustHold(disk.sizes.size <= CAPS.files, 'no more files than the cap')
    mustHold(
      [...disk.sizes.values()].every((size) => size <= CAPS.fileBytes),
      'no file beyond its cap',
    )
    mustHold([...disk.sizes.values()].reduce((sum, size) => sum + size, 0) <= CAPS.guestBytes, 'no guest beyond its cap')
  },
}
