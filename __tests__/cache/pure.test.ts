import { describe, expect, test } from '@jest/globals'
import { shardsOf } from '../../src/cache/archive.js'
import { localDirectory } from '../../src/cache/fingerprint.js'
import { indexKeys, layerKey } from '../../src/cache/keys.js'
import { parsePathInfo } from '../../src/cache/nix-store.js'
import { partition } from '../../src/cache/partition.js'
import { formatRegistrations, parseRegistrations, type Registration, splitClosed } from '../../src/cache/registration.js'
import { formatIndex, INDEX_VERSION, readIndex, type StoreIndex } from '../../src/cache/store-index.js'

const registration = (name: string, references: readonly string[] = []): Registration => ({
  path: name,
  narHash: 'a'.repeat(64),
  narSize: 1,
  deriver: '',
  references: [...references],
})

describe('registrations', () => {
  const text = ['/nix/store/x', 'b'.repeat(64), '12', '', '2', '/nix/store/x', '/nix/store/y', ''].join('\n')

  test('what nix-store dumps is read and written back the same', () => {
    expect(parseRegistrations(text)).toEqual([
      { path: '/nix/store/x', narHash: 'b'.repeat(64), narSize: 12, deriver: '', references: ['/nix/store/x', '/nix/store/y'] },
    ])
    expect(formatRegistrations(parseRegistrations(text + text))).toBe(text + text)
  })

  test.each([
    ['cut off', text.slice(0, 90)],
    ['no hash', text.replace('b'.repeat(64), 'nothing')],
    ['no size', text.replace('\n12\n', '\nmany\n')],
  ])('%s is refused', (_, broken) => {
    expect(() => parseRegistrations(broken)).toThrow()
  })

  test('a path whose reference cannot be had takes with it what refers to it, and no more', () => {
    const [a, b, c, d] = [
      registration('a', ['b']),
      registration('b', ['gone']),
      registration('c', ['c', 'valid']),
      registration('d', ['c']),
    ]
    const { closed, open } = splitClosed([a, b, c, d], (path) => path === 'valid')
    expect([closed.map(({ path }) => path), open.map(({ path }) => path)]).toEqual([
      ['c', 'd'],
      ['a', 'b'],
    ])
  })
})

describe('the layers', () => {
  const names = (paths: readonly Registration[]) => paths.map(({ path }) => path)

  test('what needs the kernel lies with it, what suite and tools share lies with the tools', () => {
    const closure = [
      registration('bundle', ['kernel', 'root', 'qemu']),
      registration('kernel', ['libc']),
      registration('root', ['libc', 'perl', 'modules-tool']),
      registration('modules-tool', ['kernel']),
      registration('perl', ['libc']),
      registration('qemu', ['libc']),
      registration('libc'),
    ]
    const parts = partition(closure, { bundle: 'bundle', kernel: ['kernel'], suite: ['root'], tools: ['qemu'] })
    expect({ kernel: names(parts.kernel), suite: names(parts.suite), tools: names(parts.tools) }).toEqual({
      kernel: ['bundle', 'kernel', 'root', 'modules-tool'],
      suite: ['perl'],
      tools: ['qemu', 'libc'],
    })
  })

  test('every path lies in exactly one', () => {
    const closure = [registration('bundle', ['a', 'b']), registration('a', ['b']), registration('b', ['a', 'c']), registration('c')]
    const parts = partition(closure, { bundle: 'bundle', kernel: [], suite: ['b'], tools: ['gone'] })
    expect(names([...parts.kernel, ...parts.suite, ...parts.tools]).sort()).toEqual(['a', 'b', 'bundle', 'c'])
  })
})

describe('shards', () => {
  const sized = (name: string, mebibytes: number) => ({
    ...registration(`/nix/store/${'0'.repeat(32)}-${name}`),
    narSize: mebibytes * 1024 * 1024,
  })

  test('a small layer is one archive, a large one four of about the same size, every path in exactly one', () => {
    expect(shardsOf([sized('a', 1), sized('b', 2)])).toHaveLength(1)
    const paths = Array.from({ length: 40 }, (_, index) => sized(`p${String(index).padStart(2, '0')}`, 10))
    const shards = shardsOf(paths)
    expect(shards.map((names) => names.length)).toEqual([10, 10, 10, 10])
    expect(new Set(shards.flat()).size).toBe(40)
  })

  test('one path larger than all others does not leave an empty archive behind', () => {
    const shards = shardsOf([sized('huge', 1000), sized('small', 1), sized('tiny', 1)])
    expect(shards.flat()).toHaveLength(3)
    expect(shards.every((names) => names.length > 0)).toBe(true)
  })
})

describe('keys', () => {
  const found = { system: 'x86_64-linux', recipe: 'r', exact: 'e', trusted: true, reason: null }
  const attempt = { run: '7', attempt: '2' }

  test('the same build first, then the same recipe, then anything', () => {
    expect(indexKeys(found, attempt)).toEqual({
      key: 'vmtest-index-v2-x86_64-linux-r-e-7-2',
      exactPrefix: 'vmtest-index-v2-x86_64-linux-r-e-',
      restoreKeys: ['vmtest-index-v2-x86_64-linux-r-e-', 'vmtest-index-v2-x86_64-linux-r-', 'vmtest-index-v2-x86_64-linux-'],
    })
  })

  test('an uncommitted tree has no exact key, and its entry never passes for one', () => {
    const keys = indexKeys({ ...found, exact: null }, attempt)
    expect([keys.exactPrefix, keys.restoreKeys.length]).toEqual([null, 2])
    expect(keys.key.startsWith('vmtest-index-v2-x86_64-linux-r-e-')).toBe(false)
  })

  test("a layer's key is made of its contents, in any order", () => {
    const [a, b] = [registration('a'), registration('b')]
    const packed = (sha256: string) => [{ name: 'store-0.tar.zst', sizeBytes: 1, sha256, names: ['a'] }]
    const key = (paths: (typeof a)[], sha256 = '1') => layerKey('s', { name: 'tools', paths, archives: packed(sha256) }, attempt)
    expect(key([a, b])).toBe(key([b, a]))
    expect(key([a])).not.toBe(key([b]))
    // The same paths packed by another zstd: an index that describes these bytes must not lead to those.
    expect(key([a], '1')).not.toBe(key([a], '2'))
  })
})

describe('flake references', () => {
  test.each([
    ['', '/work'],
    ['.', '/work'],
    ['./sub', '/work/sub'],
    ['.?dir=vm', '/work/vm'],
    ['/abs#attr', '/abs'],
    ['path:/abs', '/abs'],
    ['path:./sub', '/work/sub'],
    ['git+file:///abs', '/abs'],
    ['git+file:///abs?ref=main', null],
    ['github:someone/linux', null],
    ['nixpkgs', null],
  ])('%p lies at %p', (flake, expected) => {
    expect(localDirectory(flake, '/work')).toBe(expected)
  })
})

describe('what Nix prints', () => {
  test('path-info before and since Nix 2.19, and in format 2', () => {
    const expected = new Map([
      ['/nix/store/a', ['k:s']],
      ['/nix/store/b', []],
    ])
    expect(parsePathInfo('[{"path":"/nix/store/a","signatures":["k:s"]},{"path":"/nix/store/b"}]')).toEqual(expected)
    expect(parsePathInfo('{"/nix/store/a":{"signatures":["k:s"]},"/nix/store/b":{}}')).toEqual(expected)
    const second = '{"info":{"a":{"signatures":["k:s"],"version":2},"b":{"ca":null}},"storeDir":"/nix/store","version":2}'
    expect(parsePathInfo(second)).toEqual(expected)
    expect(parsePathInfo('{"/nix/store/a":null}')).toEqual(new Map())
  })

  test.each(['{"version":3,"paths":[]}', '[1]', '"/nix/store/a"', '{"/nix/store/a":{"signatures":[{"keyName":"k"}]}}', 'warning: old'])(
    'what path-info may say one day is refused, not taken for unsigned: %s',
    (text) => {
      expect(() => parsePathInfo(text)).toThrow()
    },
  )

  test.each(['', 'null', '[]', '{"version":2}', '{"version":2,"layers":{}}', '\u0000'])('%p is no index, and no exception', (text) => {
    expect(readIndex(text, '/nix/store').kind).toBe('unusable')
  })

  test('a line end in a deriver is refused: it would forge registrations', () => {
    const path = `/nix/store/${'0'.repeat(32)}-a`
    const index: StoreIndex = {
      version: INDEX_VERSION,
      storeDirectory: '/nix/store',
      bundlePath: path,
      upstream: [],
      complete: true,
      layers: [
        {
          name: 'kernel',
          key: 'k',
          archives: [{ name: 'store-0.tar.zst', sizeBytes: 1, sha256: '0'.repeat(64), names: [`${'0'.repeat(32)}-a`] }],
          sizeBytes: 1,
          builds: {},
          saveSeconds: 1,
          paths: [{ ...registration(path), deriver: `${path}\n0\n/etc` }],
        },
      ],
    }
    expect(readIndex(formatIndex(index), '/nix/store')).toMatchObject({ kind: 'unusable', reason: expect.stringContaining('deriver') })
  })
})
