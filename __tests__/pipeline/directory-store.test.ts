import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { directoryStore } from '../../src/pipeline/directory-store.js'
import type { CacheRestore, CacheStore } from '../../src/ports/index.js'
import { createFiles } from '../../src/ports/real/files.js'

const files = createFiles()
let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vmtest-directory-store-'))
  mkdirSync(join(root, 'made/store/deep'), { recursive: true })
  writeFileSync(join(root, 'made/store/a'), 'a')
  writeFileSync(join(root, 'made/store/deep/b'), 'b')
})
afterEach(() => rmSync(root, { recursive: true }))

const read = (path: string) => readFileSync(join(root, path), 'utf8')
const store = (before: CacheStore | null = null) => directoryStore(join(root, 'handed'), files, before)
const made = () => join(root, 'made/store')

test('what was saved is restored whole, under its key and under the beginning of it', async () => {
  expect(await store().restore([made()], 'key/with:signs-1', [])).toEqual({ kind: 'miss' })
  expect(await store().save([made()], 'key/with:signs-1')).toEqual({ kind: 'saved' })
  rmSync(made(), { recursive: true })
  expect(await store().restore([made()], 'key/with:signs-1', [])).toEqual({ kind: 'hit', key: 'key/with:signs-1', exact: true })
  expect([read('made/store/a'), read('made/store/deep/b')]).toEqual(['a', 'b'])
  rmSync(made(), { recursive: true })
  expect(await store().restore([made()], 'key/with:signs-2', ['key/with'])).toEqual({ kind: 'hit', key: 'key/with:signs-1', exact: false })
  expect(read('made/store/deep/b')).toBe('b')
})

test('an entry stands: it is not written over', async () => {
  await store().save([made()], 'k')
  writeFileSync(join(root, 'made/store/a'), 'another')
  expect(await store().save([made()], 'k')).toEqual({ kind: 'exists' })
  await store().restore([made()], 'k', [])
  expect(read('made/store/a')).toBe('a')
})

test('an exact key wins over an older beginning, and a single file is an entry too', async () => {
  writeFileSync(join(root, 'made/note'), 'old')
  await store().save([join(root, 'made/note')], 'note-1')
  writeFileSync(join(root, 'made/note'), 'new')
  await store().save([join(root, 'made/note')], 'note-12')
  expect(await store().restore([join(root, 'made/note')], 'note-12', ['note-1'])).toMatchObject({ key: 'note-12', exact: true })
  expect(read('made/note')).toBe('new')
})

test('the workflow’s own cache is asked first, and an entry half written (without its key) is none', async () => {
  const answers: CacheRestore[] = [{ kind: 'hit', key: 'theirs', exact: true }, { kind: 'miss' }]
  const before = { available: () => true, restore: async () => answers.shift() ?? { kind: 'miss' } } as unknown as CacheStore
  await store().save([made()], 'k')
  expect(await store(before).restore([made()], 'k', [])).toEqual({ kind: 'hit', key: 'theirs', exact: true })
  expect(await store(before).restore([made()], 'k', [])).toEqual({ kind: 'hit', key: 'k', exact: true })
  rmSync(join(root, 'handed/k/key'))
  expect(await store().restore([made()], 'k', [])).toEqual({ kind: 'miss' })
})
