/**
 * True on Gitea and Forgejo, whose runners say so to each step (gitea.com/gitea/runner, internal/app/run/runner.go: GITEA_ACTIONS; Forgejo's:
 * FORGEJO_ACTIONS). They speak GitHub's protocols with differences of their own.
 */
export function isGiteaServer(env: Readonly<Record<string, string | undefined>>): boolean {
  return [env.GITEA_ACTIONS, env.FORGEJO_ACTIONS].includes('true')
}

/** True where a job's summary is shown on its page: not on Gitea and Forgejo, which take the file and have no place for it. */
export function showsSummary(env: Readonly<Record<string, string | undefined>>): boolean {
  return Boolean(env.GITHUB_STEP_SUMMARY) && !isGiteaServer(env)
}
