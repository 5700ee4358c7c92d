import { withoutActionVariables } from '../../domain/action-variables.js'
import type { Ports } from '../index.js'
import type { Runner } from '../runner.js'
import { createArtifactStore } from './artifact.js'
import { createCacheStore } from './cache.js'
import { createClock } from './clock.js'
import { createExec } from './exec.js'
import { createFiles } from './files.js'
import { createGitHubApi } from './github-api.js'
import { createHttp } from './http.js'
import { createSockets } from './sockets.js'

export { createFiles } from './files.js'
export { createGitHubRunner } from './github-runner.js'
export { createTerminalRunner } from './terminal-runner.js'
export { openTexts, ScratchFile } from './text-store.js'
export { answerAsThread, readInThread, type ThreadLimits, type ThreadOutcome } from './thread.js'
export { createFileWatcher } from './watch.js'

/** The outside world as it is, with the given face. Services are loaded when they are first used. */
export function createPorts(runner: Runner): Ports {
  const { env } = runner
  const exec = createExec(withoutActionVariables(process.env))
  const files = createFiles()
  return {
    runner,
    exec,
    files,
    clock: createClock(),
    http: createHttp(),
    cacheStore: createCacheStore(env),
    artifactStore: createArtifactStore(env),
    github: createGitHubApi({ env, exec, files, token: env.GITHUB_TOKEN ?? null }),
    sockets: createSockets(),
  }
}
