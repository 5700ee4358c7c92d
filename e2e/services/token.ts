/** One scope of the cache, as the `ac` claim of a runtime token names it. Permission 1 reads, 2 writes, 3 both. */
export interface Scope {
  readonly Scope: string
  readonly Permission: 1 | 2 | 3
}

export interface TokenClaims {
  readonly runId: string
  readonly jobId: string
  readonly scopes: readonly Scope[]
}

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

/**
 * A runtime token in the shape the real clients read: a JWT whose `scp` holds `Actions.Results:RUN:JOB` and whose `ac` lists
 * the cache's scopes. The signature is not real: no client checks it.
 */
export function makeToken({ runId, jobId, scopes }: TokenClaims): string {
  const claims = { scp: `Actions.ExampleScope Actions.Results:${runId}:${jobId}`, ac: JSON.stringify(scopes) }
  return [part({ alg: 'RS256', typ: 'JWT' }), part(claims), 'bm90LXNpZ25lZA'].join('.')
}

/** What a request may do, or null for a token that is none. */
export function readToken(authorization: string | undefined): TokenClaims | null {
  const payload = /^Bearer [^.]+\.([^.]+)\.[^.]+$/.exec(authorization ?? '')?.[1]
  if (payload === undefined) return null
  try {
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { scp?: string; ac?: string }
    const [, runId, jobId] =
      (claims.scp ?? '')
        .split(' ')
        .find((scope) => scope.startsWith('Actions.Results:'))
        ?.split(':') ?? []
    if (runId === undefined || jobId === undefined) return null
    return { runId, jobId, scopes: JSON.parse(claims.ac ?? '[]') as Scope[] }
  } catch {
    return null
  }
}

export const canRead = (scope: Scope) => (scope.Permission & 1) !== 0
export const canWrite = (scope: Scope) => (scope.Permission & 2) !== 0
