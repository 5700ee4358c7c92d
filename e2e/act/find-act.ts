import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** The version the tests were made with; it needs Go 1.25 to build. */
const ACT = 'github.com/nektos/act@v0.2.89'

export type FoundAct = { readonly kind: 'found'; readonly path: string } | { readonly kind: 'missing'; readonly reason: string }

/** act from PATH, from an earlier build, or built now with Go into a cache directory outside the checkout. */
export function findAct(): FoundAct {
  const tools = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest-tools', 'bin')
  const onPath = spawnSync('sh', ['-c', 'command -v act'], { encoding: 'utf8' }).stdout.trim()
  for (const path of [onPath, join(tools, 'act')]) if (path !== '' && existsSync(path)) return { kind: 'found', path }
  if (spawnSync('go', ['version']).status !== 0)
    return { kind: 'missing', reason: 'act is not installed, and there is no Go to build it with' }
  try {
    mkdirSync(tools, { recursive: true })
    execFileSync('go', ['install', ACT], { env: { ...process.env, GOBIN: tools }, stdio: ['ignore', 'ignore', 'pipe'], timeout: 280_000 })
    return { kind: 'found', path: join(tools, 'act') }
  } catch (error) {
    return { kind: 'missing', reason: `act could not be built: ${error instanceof Error ? error.message.slice(0, 200) : String(error)}` }
  }
}
