import { fileURLToPath } from 'node:url'
import { TOOL_VERSION } from '../domain/version.js'
import { placesFrom, withUsableCache } from '../pipeline/directories.js'
import type { Ports } from '../ports/index.js'
import { createGitHubRunner, createPorts } from '../ports/real/index.js'
import { readRecordApart } from '../reader/index.js'
import type { ActionContext } from './run-action.js'

/** Runs a step's body with the real world around it, and ends the process: the entry of the action and of its sub-actions. */
export async function carryOutStep(body: (ports: Ports, context: ActionContext) => Promise<void>): Promise<void> {
  const runner = createGitHubRunner()
  const controller = new AbortController()
  // The runner sends SIGINT, 7.5 s later SIGTERM, 2.5 s later it kills the tree (actions/runner, ProcessInvoker.cs).
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => controller.abort(signal))
  const places = placesFrom({
    checkout: fileURLToPath(new URL('..', import.meta.url)),
    workingDirectory: process.cwd(),
    env: process.env,
  })
  const ports = createPorts(runner)
  await body(ports, {
    places: await withUsableCache(places, ports.files),
    platform: process.platform,
    architecture: process.arch,
    toolVersion: TOOL_VERSION,
    signal: controller.signal,
    readRecord: readRecordApart,
  })
  // A connection of a service client that is still open must not hold the step.
  process.exit(process.exitCode ?? 0)
}
