import * as z from 'zod'
import type { CacheEntries } from '../services.js'
import { type RestDependencies, repositoryApi } from './github-rest.js'

const PAGE_SIZE = 100
/** 10 000 entries: a repository that has more has them of other workflows. */
const MAX_PAGES = 100

/** https://docs.github.com/en/rest/actions/cache, read on 2026-11-30. */
const usageSchema = z.object({ active_caches_size_in_bytes: z.number().nonnegative() })
const listSchema = z.object({
  actions_caches: z.array(
    z.object({
      id: z.number().int().positive(),
      ref: z.string(),
      key: z.string(),
      created_at: z.string(),
      last_accessed_at: z.string(),
      size_in_bytes: z.number().nonnegative(),
    }),
  ),
})

/** The repository's cache entries, by the REST API. Reading needs `actions: read` of the token, removing `actions: write`. */
export function createCacheEntries(dependencies: RestDependencies): CacheEntries {
  const ask = repositoryApi(dependencies)
  const get = async (path: string): Promise<unknown> => {
    const response = await ask?.('GET', path).catch(() => null)
    return response?.ok === true ? response.json().catch(() => null) : null
  }
  return {
    async usedBytes() {
      const answer = usageSchema.safeParse(await get('/actions/cache/usage'))
      return answer.success ? answer.data.active_caches_size_in_bytes : null
    },
    async list(ref, prefix) {
      const query = `per_page=${PAGE_SIZE}&sort=last_accessed_at&direction=asc&ref=${encodeURIComponent(ref)}&key=${encodeURIComponent(prefix)}`
      const entries = []
      for (let page = 1; page <= MAX_PAGES; page++) {
        const answer = listSchema.safeParse(await get(`/actions/caches?${query}&page=${page}`))
        if (!answer.success) return null
        // The server is asked for both; what is removed depends on them.
        const own = answer.data.actions_caches.filter((entry) => entry.ref === ref && entry.key.startsWith(prefix))
        entries.push(
          ...own.map((entry) => ({
            id: entry.id,
            key: entry.key,
            createdAt: entry.created_at,
            usedAt: entry.last_accessed_at,
            sizeBytes: entry.size_in_bytes,
          })),
        )
        if (answer.data.actions_caches.length < PAGE_SIZE) break
      }
      return entries
    },
    async remove(id) {
      const response = await ask?.('DELETE', `/actions/caches/${id}`).catch(() => null)
      return response?.ok === true
    },
  }
}
