/** What asks GitHub's REST API about the workflow's repository. */
export interface RestDependencies {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The step's GITHUB_TOKEN; null: nothing is asked. */
  readonly token: string | null
  readonly fetch?: typeof fetch
}

/** One request below `/repos/OWNER/NAME`; null where there is nobody to ask or no token that may be sent. */
type AskRepository = (method: 'GET' | 'DELETE', path: string) => Promise<Response>

/** @returns null outside a workflow, and where the token would go over a plain connection */
export function repositoryApi({ env, token, fetch: given }: RestDependencies): AskRepository | null {
  const request = given ?? fetch
  const repository = env.GITHUB_REPOSITORY
  const api = env.GITHUB_API_URL ?? 'https://api.github.com'
  if (!token || !repository || !/^[\w.-]+\/[\w.-]+$/.test(repository) || !safeToSendToken(api)) return null
  const headers = { accept: 'application/vnd.github+json', authorization: `Bearer ${token}`, 'user-agent': 'kernel-vmtest' }
  return (method, path) =>
    request(`${api}/repos/${repository}${path}`, { method, headers, redirect: 'error', signal: AbortSignal.timeout(20_000) })
}

/** A token never goes over a plain connection, save to this machine. */
function safeToSendToken(api: string): boolean {
  try {
    const { protocol, hostname } = new URL(api)
    return protocol === 'https:' || hostname === '127.0.0.1' || hostname === '[::1]'
  } catch {
    return false
  }
}
