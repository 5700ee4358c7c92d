import { spawnSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type ArchiveEntry, writeCpio } from '../../../src/vm/initramfs/cpio.js'

interface ReadEntry {
  path: string
  mode: number
  contents: Buffer
  device: [number, number]
}

/** Reads newc as the kernel's description of it says, independently of the writer. */
function readCpio(archive: Uint8Array): ReadEntry[] {
  const bytes = Buffer.from(archive)
  const entries: ReadEntry[] = []
  for (let at = 0; ; ) {
    expect(bytes.subarray(at, at + 6).toString()).toBe('070701')
    const field = (index: number) => Number.parseInt(bytes.subarray(at + 6 + index * 8, at + 14 + index * 8).toString(), 16)
    const nameLength = field(11)
    const path = bytes.subarray(at + 110, at + 110 + nameLength - 1).toString()
    const start = Math.ceil((at + 110 + nameLength) / 4) * 4
    if (path === 'TRAILER!!!') return entries
    const size = field(6)
    entries.push({ path, mode: field(1), contents: bytes.subarray(start, start + size), device: [field(9), field(10)] })
    at = Math.ceil((start + size) / 4) * 4
  }
}

const name = fc.stringMatching(/^[a-zA-Z0-9_é.-]{1,12}$/).filter((text) => text !== '.' && text !== '..')
const files = fc.uniqueArray(
  fc.record({ path: fc.array(name, { minLength: 1, maxLength: 4 }), contents: fc.uint8Array({ maxLength: 2000 }) }),
  {
    selector: (file) => file.path[0],
    maxLength: 20,
  },
)

describe('the archive', () => {
  test('holds what went in, every parent before its children, in whole blocks', () => {
    fc.assert(
      fc.property(files, (list) => {
        const entries = list.map(({ path, contents }): ArchiveEntry => ({ kind: 'file', path: path.join('/'), mode: 0o640, contents }))
        const archive = writeCpio(entries)
        expect(archive.length % 512).toBe(0)
        const read = readCpio(archive)
        const plain = read.filter((entry) => (entry.mode & 0o170000) === 0o100000)
        expect(plain.map((entry) => [entry.path, [...entry.contents]])).toEqual(
          list.map((file) => [file.path.join('/'), [...file.contents]]),
        )
        const seen = new Set([''])
        for (const entry of read) {
          expect(seen).toContain(entry.path.split('/').slice(0, -1).join('/'))
          seen.add(entry.path)
        }
        expect(seen.size).toBe(read.length + 1)
      }),
    )
  })

  test('keeps modes, links and devices', () => {
    const read = readCpio(
      writeCpio([
        { kind: 'directory', path: 'tmp', mode: 0o1777 },
        { kind: 'link', path: 'dev/fd', target: '/proc/self/fd' },
        { kind: 'character-device', path: 'dev/console', mode: 0o600, major: 5, minor: 1 },
      ]),
    )
    expect(read.map(({ path, mode, contents, device }) => [path, mode.toString(8), contents.toString(), device])).toEqual([
      ['tmp', '41777', '', [0, 0]],
      ['dev', '40755', '', [0, 0]],
      ['dev/fd', '120777', '/proc/self/fd', [0, 0]],
      ['dev/console', '20600', '', [5, 1]],
    ])
  })

  test.each(['/etc/passwd', '../x', 'a//b', 'a/./b', ''])('refuses the path %j', (path) => {
    expect(() => writeCpio([{ kind: 'file', path, mode: 0o644, contents: new Uint8Array() }])).toThrow('not a path for an archive')
  })

  test('cpio(1) reads it', () => {
    const archive = writeCpio([{ kind: 'file', path: 'a/b', mode: 0o644, contents: Buffer.from('hello') }])
    const listed = spawnSync('cpio', ['--quiet', '-t'], { input: archive, encoding: 'utf8' })
    if (listed.error !== undefined) return console.warn('skipped: no cpio on this machine')
    expect(listed.stdout).toBe('a\na/b\n')
  })
})
