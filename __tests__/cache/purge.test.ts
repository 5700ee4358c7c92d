// Superseded entries of the workflow's cache, removed through GitHub's REST API on a loopback server that keeps entries as GitHub does.
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { chooseSuperseded, purgeSuperseded } from '../../src/cache/purge.js'
import type { ListedEntry } from '../../src/ports/index.js'
import { createCacheEntries } from '../../src/ports/real/github-caches.js'
import { createTerminalRunner } from '../../src/ports/real/index.js'

const GIB = 1024 ** 3
const MAIN = 'refs/heads/main'

interface Stored {
  readonly id: number
  readonly ref: string
  readonly key: string
  readonly created_at: string
  readonly last_accessed_at: string
  readonly size_in_bytes: number
}

/** What the REST API keeps and may be asked (docs.github.com/en/rest/actions/cache). */
class Repository {
  entries: Stored[] = []
  readonly requests: string[] = []
  mayRead = true
  mayRemove = true

  add(day: number, ref: string, key: string, gib: number): void {
    const at = new Date(Date.UTC(2026, 10, day)).toISOString()
    this.entries.push({ id: this.entries.length + 1, ref, key, created_at: at, last_accessed_at: at, size_in_bytes: gib * GIB })
  }

  answer({ method, url = '', headers }: IncomingMessage): readonly [number, unknown] {
    this.requests.push(`${method} ${url}`)
    if (headers.authorization !== 'Bearer the-token') return [401, {}]
    const { pathname, searchParams } = new URL(url, 'http://localhost')
    const path = pathname.replace('/repos/o/linux/actions/', '')
    if (method === 'DELETE') {
      if (!this.mayRemove) return [403, { message: 'Resource not accessible by integration' }]
      this.entries = this.entries.filter(({ id }) => `caches/${id}` !== path)
      return [204, null]
    }
    if (!this.mayRead) return [403, {}]
    if (path === 'cache/usage') {
      const bytes = this.entries.reduce((sum, entry) => sum + entry.size_in_bytes, 0)
      return [200, { full_name: 'o/linux', active_caches_size_in_bytes: bytes, active_caches_count: this.entries.length }]
    }
    const page = Number(searchParams.get('page'))
    const found = this.entries
      .filter(({ ref, key }) => ref === searchParams.get('ref') && key.startsWith(searchParams.get('key') ?? ''))
      .sort((left, right) => left.last_accessed_at.localeCompare(right.last_accessed_at))
    return path === 'caches' ? [200, { total_count: found.length, actions_caches: found.slice((page - 1) * 100, page * 100) }] : [404, {}]
  }
}

let repository: Repository
let server: Server
beforeEach(async () => {
  repository = new Repository()
  server = createServer((request, response) => {
    const [status, body] = repository.answer(request)
    response.writeHead(status, { 'content-type': 'application/json' }).end(body === null ? undefined : JSON.stringify(body))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => {
  server.close()
})

function purge(used: readonly string[], token: string | null = 'the-token', writable = true) {
  const env = {
    GITHUB_REF: MAIN,
    GITHUB_REPOSITORY: 'o/linux',
    GITHUB_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
  const caches = createCacheEntries({ env, token })
  const quiet = { write: () => true }
  const runner = createTerminalRunner({ out: quiet, err: quiet, env }, { verbose: false })
  const failed = async () => ({ kind: 'failed', reason: 'not asked' }) as const
  return purgeSuperseded(
    { used },
    {
      runner,
      cacheStore: { available: () => true, writable: () => writable, restore: failed, save: failed },
      github: { available: () => true, changedFiles: async () => null, caches },
    },
  )
}
const layer = (name: string, contents: string, run: number) => `vmtest-layer-v2-x86_64-linux-${name}-${contents}-0123456789ab-${run}-1`
const index = (recipe: string, exact: string, run: number) => `vmtest-index-v2-x86_64-linux-${recipe}-${exact}-${run}-1`
const keys = () => repository.entries.map(({ key }) => key)

/** Three kernels of one branch, beside what is of others. */
function fill(): void {
  repository.add(1, MAIN, 'npm-cache-Linux-abc', 2)
  repository.add(2, MAIN, layer('kernel', 'k1', 1), 2)
  repository.add(3, 'refs/pull/7/merge', layer('kernel', 'k0', 9), 1)
  repository.add(4, MAIN, layer('kernel', 'k2', 2), 2)
  repository.add(5, MAIN, 'kernel-vmtest-record-v2-0123-abc-1-1', 0)
  repository.add(6, MAIN, layer('suite', 's1', 1), 1)
  repository.add(7, MAIN, layer('kernel', 'k3', 3), 2)
}

test('the entry used longest ago goes, of this branch and of ours alone, and no more than makes room', async () => {
  fill()
  const note = await purge([layer('kernel', 'k3', 3), layer('suite', 's1', 1)])
  expect(note).toBe('the repository’s cache holds 10240 MiB of 10240 MiB: 1 superseded entry of this branch removed, 2048 MiB')
  expect(keys()).not.toContain(layer('kernel', 'k1', 1))
  expect(keys()).toHaveLength(6)
  // Now there is room: nothing is even listed.
  repository.requests.length = 0
  expect(await purge([])).toBeNull()
  expect(repository.requests).toEqual(['GET /repos/o/linux/actions/cache/usage'])
})

test('what this run used stays, as does the newest of each kind', async () => {
  fill()
  repository.add(8, 'refs/heads/other', 'foreign', 20)
  await purge([layer('kernel', 'k1', 1)])
  expect(
    keys()
      .filter((key) => key.startsWith('vmtest-'))
      .sort(),
  ).toEqual([layer('kernel', 'k0', 9), layer('kernel', 'k1', 1), layer('kernel', 'k3', 3), layer('suite', 's1', 1)].sort())
})

test('a token that may not remove is said; one that may not read, or none, is silence and no request', async () => {
  fill()
  repository.mayRemove = false
  expect(await purge([])).toMatch(/GITHUB_TOKEN may not remove superseded entries \(permission actions: write\)$/)
  expect(repository.requests.filter((line) => line.startsWith('DELETE'))).toHaveLength(1)
  repository.mayRead = false
  expect(await purge([])).toBeNull()
  repository.requests.length = 0
  expect(await purge([], null)).toBeNull()
  expect(await purge([], 'the-token', false)).toBeNull()
  expect(repository.requests).toEqual([])
  expect(keys()).toHaveLength(7)
})

test('a list of more than a page is read to its end', async () => {
  for (let run = 1; run <= 150; run++) repository.add(1 + (run % 28), MAIN, index('recipe', `e${run}`, run), 0.1)
  await purge([])
  const bytes = repository.entries.reduce((sum, entry) => sum + entry.size_in_bytes, 0)
  expect(bytes).toBeLessThanOrEqual(8 * GIB)
  expect(bytes).toBeGreaterThan(7.8 * GIB)
})

const listed = fc.uniqueArray(
  fc.record({
    id: fc.nat(200),
    key: fc.constantFrom(
      ...['a', 'b'].flatMap((contents) => [
        layer('kernel', contents, 1),
        layer('tools', contents, 2),
        index('r1', contents, 3),
        index('r2', contents, 4),
      ]),
    ),
    createdAt: fc.nat(9).map((day) => `2026-11-0${day}T00:00:00Z`),
    usedAt: fc.nat(9).map((day) => `2026-11-1${day}T00:00:00Z`),
    sizeBytes: fc.nat(100),
  }),
  { selector: ({ id }) => id },
)

test('property: of each kind something is left, nothing this run used goes, and no removal is needless', () => {
  const family = ({ key }: ListedEntry) => key.split('-').slice(0, 6).join('-')
  fc.assert(
    fc.property(listed, fc.nat(500), fc.constantFrom(layer('kernel', 'a', 1), index('r1', 'b', 3)), (entries, excess, used) => {
      const chosen = chooseSuperseded(entries, new Set([used]), excess)
      const left = entries.filter((entry) => !chosen.includes(entry))
      expect(new Set(left.map(family))).toEqual(new Set(entries.map(family)))
      expect(chosen.map(({ key }) => key)).not.toContain(used)
      const withoutLast = chosen.slice(0, -1).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
      if (chosen.length > 0) expect(withoutLast).toBeLessThan(excess)
    }),
  )
})
