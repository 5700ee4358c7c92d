import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Services } from '../../e2e/services/services.js'
import { createCacheStore } from '../../src/ports/real/cache.js'
import { JobEnvironment } from './job-environment.js'

let services: Services
let job: JobEnvironment

beforeEach(async () => {
  services = await Services.start()
  job = await JobEnvironment.enter()
})
afterEach(async () => {
  await job.leave()
  await services.stop()
})

const directory = () => join(job.workspace, 'kept')
const put = async (text: string) => {
  await mkdir(directory(), { recursive: true })
  await writeFile(join(directory(), 'file'), text)
}
const get = () => readFile(join(directory(), 'file'), 'utf8')
const forget = () => rm(directory(), { recursive: true, force: true })

async function save(key: string, text: string, branch = 'main') {
  await put(text)
  const result = await createCacheStore(job.as(services, { branch })).save([directory()], key)
  await forget()
  return result
}

describe('the cache through the real client', () => {
  test('what is saved comes back, byte for byte', async () => {
    expect(await save('k-1', 'kept bytes')).toEqual({ kind: 'saved' })
    const store = createCacheStore(job.as(services))
    expect(await store.restore([directory()], 'k-1', [])).toEqual({ kind: 'hit', key: 'k-1', exact: true })
    expect(await get()).toBe('kept bytes')
  })

  // The client makes literal paths part of an entry's identity, and packs them relative to GITHUB_WORKSPACE.
  test.each([
    ['another work directory', 'elsewhere/_temp', 'elsewhere/work/linux/linux'],
    ['a workspace deeper in', 'a/b/c/_temp', 'a/b/c/d/e/f/g'],
    ['a container, where both lie at the root', '_temp', '.'],
  ])('an entry is the same to a runner with %s', async (_what, temporary, workspace) => {
    expect(await save('k-1', 'kept bytes')).toEqual({ kind: 'saved' })
    const other = { RUNNER_TEMP: join(job.workspace, temporary), GITHUB_WORKSPACE: join(job.workspace, workspace) }
    const store = createCacheStore(job.as(services, {}, other))
    const there = join(job.workspace, temporary, 'cache', 'kept')
    expect(await store.restore([there], 'k-1', [])).toEqual({ kind: 'hit', key: 'k-1', exact: true })
    expect(await readFile(join(there, 'file'), 'utf8')).toBe('kept bytes')
  })

  test('a path whose name the client would take for a pattern, and paths that are not beside each other, are refused', async () => {
    const store = createCacheStore(job.as(services))
    for (const paths of [[join(job.workspace, 'a*')], [join(job.workspace, '!a')], [directory(), join(job.workspace, 'sub/b')], []]) {
      expect(await store.save(paths, 'k')).toMatchObject({ kind: 'failed' })
      expect(await store.restore(paths, 'k', [])).toMatchObject({ kind: 'failed' })
    }
    expect(services.log).toEqual([])
  })

  test.each(['GITEA_ACTIONS', 'FORGEJO_ACTIONS'])('a token that only writes reads too where %s says who gave it', (server) => {
    const scopes = [{ Scope: '', Permission: 2 }] as const
    const access = (further: Record<string, string>) => {
      const store = createCacheStore(job.as(services, { scopes }, further))
      return [store.available(), store.writable()]
    }
    expect(access({ [server]: 'true' })).toEqual([true, true])
    expect(access({})).toEqual([false, true])
  })

  test('a restore key finds the newest entry with that beginning', async () => {
    await save('k-old', 'old')
    await save('k-new', 'new')
    expect(await createCacheStore(job.as(services)).restore([directory()], 'k-none', ['k-'])).toEqual({
      kind: 'hit',
      key: 'k-new',
      exact: false,
    })
    expect(await get()).toBe('new')
  })

  test('a branch reads itself and the default branch, never another', async () => {
    await save('k-main', 'main')
    await save('k-other', 'other', 'other')
    const scopes = [
      { Scope: 'refs/heads/topic', Permission: 3 },
      { Scope: 'refs/heads/main', Permission: 1 },
    ] as const
    const store = createCacheStore(job.as(services, { scopes }))
    expect(await store.restore([directory()], 'k-other', [])).toEqual({ kind: 'miss' })
    expect(await store.restore([directory()], 'k-main', [])).toMatchObject({ kind: 'hit', exact: true })
  })

  test('a key cannot be written twice in one scope, but can in another', async () => {
    expect(await save('k', 'first')).toEqual({ kind: 'saved' })
    expect(await save('k', 'second')).toEqual({ kind: 'exists' })
    expect(await save('k', 'elsewhere', 'topic')).toEqual({ kind: 'saved' })
  })

  test('a reservation that was never finished blocks its key and is found by nobody', async () => {
    services.faults.plant('FinalizeCacheEntryUpload', { kind: 'status', status: 400 })
    expect(await save('k', 'first')).toMatchObject({ kind: 'failed' })
    services.faults.clear()
    expect(await save('k', 'second')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('k') })
    expect(await createCacheStore(job.as(services)).restore([directory()], 'k', ['k'])).toEqual({ kind: 'miss' })
  })

  test('a read-only token is known before anything is packed', async () => {
    await put('x')
    const store = createCacheStore(job.as(services, { scopes: [{ Scope: 'refs/heads/main', Permission: 1 }] }))
    expect(store.available()).toBe(true)
    expect(store.writable()).toBe(false)
    expect(await store.save([directory()], 'k')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('token') })
    expect(services.log).toEqual([])
  })

  test('the cache mode of the run is kept to', () => {
    const mode = (value: string) => {
      const store = createCacheStore(job.as(services, {}, { ACTIONS_CACHE_MODE: value }))
      return [store.available(), store.writable()]
    }
    expect({ none: mode('none'), read: mode('read'), write: mode('write'), writeOnly: mode('write-only'), unknown: mode('') }).toEqual({
      none: [false, false],
      read: [true, false],
      write: [true, true],
      writeOnly: [false, true],
      unknown: [true, true],
    })
  })

  test('without a service, and on an enterprise server without one, everything is a value', async () => {
    for (const env of [{}, { ...services.environment(), GITHUB_SERVER_URL: 'https://git.example.org' }]) {
      const store = createCacheStore(env)
      expect([store.available(), store.writable()]).toEqual([false, false])
      expect(await store.restore([directory()], 'k', [])).toMatchObject({ kind: 'failed' })
      expect(await store.save([directory()], 'k')).toMatchObject({ kind: 'failed' })
    }
  })

  test('the quota drops the least recently used, idleness drops all', async () => {
    await services.stop()
    services = await Services.start({ quotaBytes: 26_000 })
    const incompressible = () => randomBytes(8000).toString('latin1')
    await save('k-1', incompressible())
    await save('k-2', incompressible())
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await createCacheStore(job.as(services)).restore([directory()], 'k-1', [])).toMatchObject({ kind: 'hit' })
    await save('k-3', incompressible())
    expect(services.cache.entries.map((entry) => entry.key)).toEqual(['k-1', 'k-3'])
    services.advanceDays(8)
    expect(await createCacheStore(job.as(services)).restore([directory()], 'k-3', [])).toEqual({ kind: 'miss' })
    expect(services.cache.entries).toEqual([])
  })

  test('429 and denied reservations are failures, not hangs', async () => {
    await services.stop()
    services = await Services.start({ createsPerMinute: 1 })
    expect(await save('k-1', 'x')).toEqual({ kind: 'saved' })
    expect(await save('k-2', 'x')).toMatchObject({ kind: 'failed' })
    expect(services.log.some((operation) => operation.status === 429)).toBe(true)
  })

  test('one 503 is ridden out by the client', async () => {
    services.faults.plant('CreateCacheEntry', { kind: 'status', status: 503 }, 1)
    expect(await save('k', 'x')).toEqual({ kind: 'saved' })
  }, 15_000)

  test('a service that never answers is left alone after the deadline', async () => {
    services.faults.plant('GetCacheEntryDownloadURL', { kind: 'never' })
    const store = createCacheStore(job.as(services), { lookupSeconds: 0.3, restoreSeconds: 1, saveSeconds: 1 })
    expect(await store.restore([directory()], 'k', [])).toMatchObject({ kind: 'failed', reason: expect.stringContaining('0.3 s') })
    expect([store.available(), store.writable()]).toEqual([false, false])
    const asked = services.log.length
    expect(await store.save([directory()], 'k')).toMatchObject({ kind: 'failed' })
    expect(services.log.length).toBe(asked)
  })

  test('a truncated entry is a failure that names it', async () => {
    await save('k', 'x'.repeat(10_000))
    const entry = services.cache.entries[0]
    if (entry === undefined) throw new Error('nothing saved')
    await services.blobs.truncate(entry.blob, 20)
    const result = await createCacheStore(job.as(services)).restore([directory()], 'k', [])
    expect(result).toMatchObject({ kind: 'failed', reason: expect.stringContaining('k') })
  })
})
