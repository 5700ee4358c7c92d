import { isGiteaServer } from '../../domain/servers.js'

/** One scope a cache token covers; permission 1 reads, 2 writes, 3 both. */
export interface CacheScope {
  readonly scope: string
  readonly permission: number
}

const READ = 1
const WRITE = 2

/**
 * The cache scopes in a runtime token's `ac` claim: a JSON list of `{Scope, Permission}` inside the JSON payload of the JWT
 * (as docker/actions-toolkit reads it, src/github/github.ts). Null where the token has no such claim or cannot be read.
 */
export function cacheScopes(token: string): readonly CacheScope[] | null {
  const payload = token.split('.')[1]
  if (payload === undefined) return null
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    const ac = claims !== null && typeof claims === 'object' && 'ac' in claims ? claims.ac : undefined
    const scopes: unknown = typeof ac === 'string' ? JSON.parse(ac) : ac
    if (!Array.isArray(scopes)) return null
    return scopes.flatMap((entry: { Scope?: unknown; Permission?: unknown } | null) =>
      entry !== null && typeof entry === 'object' && typeof entry.Scope === 'string' && typeof entry.Permission === 'number'
        ? [{ scope: entry.Scope, permission: entry.Permission }]
        : [],
    )
  } catch {
    return null
  }
}

/** What a job may do with the cache, decided before anything is compressed. */
export interface CacheAccess {
  readonly read: boolean
  readonly write: boolean
  /** One sentence for the log where something is not allowed. */
  readonly reason: string | null
}

const MODES: Readonly<Record<string, { read: boolean; write: boolean }>> = {
  none: { read: false, write: false },
  read: { read: true, write: false },
  write: { read: true, write: true },
  'write-only': { read: false, write: true },
}

/**
 * Reads the environment the workflow runner gives a JavaScript action.
 * Unknown modes and tokens without a claim are taken as permissive, as the real client does
 * (`@actions/cache` 6.3, lib/internal/config.js).
 */
export function cacheAccess(env: Readonly<Record<string, string | undefined>>): CacheAccess {
  const token = env.ACTIONS_RUNTIME_TOKEN ?? ''
  const service = isEnterpriseServer(env) || !env.ACTIONS_CACHE_SERVICE_V2 ? env.ACTIONS_CACHE_URL : env.ACTIONS_RESULTS_URL
  if (!token || !service) return { read: false, write: false, reason: 'no cache service in this environment' }

  const mode = (env.ACTIONS_CACHE_MODE ?? '').trim().toLowerCase()
  const byMode = MODES[mode] ?? { read: true, write: true }
  const scopes = cacheScopes(token)
  // Gitea's tokens say 2 and its cache is read with them (services/actions/auth.go: one scope, `"Permission": 2`).
  const writingReads = isGiteaServer(env)
  const allows = (bit: number) =>
    scopes === null || scopes.some(({ permission }) => (permission & bit) !== 0 || (writingReads && permission === WRITE))
  const read = byMode.read && allows(READ)
  const write = byMode.write && allows(WRITE)
  if (read && write) return { read, write, reason: null }
  const why = byMode.read && byMode.write ? "the run's token" : `cache-mode ${mode}`
  return { read, write, reason: `${why} does not allow ${read ? 'writing to' : write ? 'reading' : 'reading or writing'} the cache` }
}

/** True where there is a service of artifacts, version 4: not on GitHub Enterprise Server, but on Gitea (since 1.22) and Forgejo. */
export function hasArtifactService(env: Readonly<Record<string, string | undefined>>): boolean {
  return (isGiteaServer(env) || !isEnterpriseServer(env)) && Boolean(env.ACTIONS_RESULTS_URL && env.ACTIONS_RUNTIME_TOKEN)
}

/** GitHub Enterprise Server: cache v1 only, no artifact v4 (`isGhes()` of the toolkit). */
export function isEnterpriseServer(env: Readonly<Record<string, string | undefined>>): boolean {
  try {
    const host = new URL(env.GITHUB_SERVER_URL || 'https://github.com').hostname.toLowerCase()
    return host !== 'github.com' && !host.endsWith('.ghe.com') && !host.endsWith('.localhost')
  } catch {
    return true
  }
}
