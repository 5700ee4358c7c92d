import { expect, test } from '@jest/globals'
import { placesFrom, withUsableCache } from '../../src/pipeline/directories.js'
import type { FileStat } from '../../src/ports/files.js'

const directory: FileStat = { kind: 'directory', sizeBytes: 0, modifiedMs: 0, mode: 0o755 }

/** A file system of directories: by path, whether we may write there. */
const files = (directories: Readonly<Record<string, boolean>>) => ({
  stat: async (path: string) => (path in directories ? directory : null),
  canReadWrite: async (path: string) => directories[path] === true,
})

const places = (env: Record<string, string>) => placesFrom({ checkout: '/checkout', workingDirectory: '/work', env })

test.each([
  ['a home that is root’s and `/`', { HOME: '/' }, { '/': false }, '/tmp/kernel-vmtest'],
  ['a home that is not there', { HOME: '/nonexistent', RUNNER_TEMP: '/temp' }, { '/': false }, '/temp/kernel-vmtest'],
  ['a home nobody has used yet', { HOME: '/home/x' }, { '/': false, '/home': false, '/home/x': true }, '/home/x/.cache/kernel-vmtest'],
  [
    'another’s cache in our home',
    { HOME: '/home/x' },
    { '/home/x': true, '/home/x/.cache': true, '/home/x/.cache/kernel-vmtest': false },
    '/tmp/kernel-vmtest',
  ],
  ['none at all', {}, { '/': false, '/tmp': true }, '/tmp/kernel-vmtest'],
])('the cache with %s', async (_, env, directories, expected) => {
  expect((await withUsableCache(places(env), files(directories))).cacheDirectory).toBe(expected)
})
