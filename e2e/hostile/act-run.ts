import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ActRequest, type ActRun, runAct } from '../act/act-workflow.js'
import type { WatchedMachine } from './watched-machine.js'

export interface SecretiveRun extends ActRun {
  /** Files of ours that hold the secrets. */
  readonly secretFiles: readonly string[]
}

export interface SecretiveRequest extends Omit<ActRequest, 'machine' | 'options'> {
  readonly machine: WatchedMachine
  /** GITHUB_TOKEN and those a workflow names. */
  readonly secrets: Readonly<Record<string, string>>
}

/** Lets act run a repository's workflow with secrets, as GitHub has them. */
export async function runActWithSecrets(act: string, { secrets, ...request }: SecretiveRequest): Promise<SecretiveRun> {
  const secretFile = join(request.machine.home, '.secrets')
  const lines = Object.entries(secrets).map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
  writeFileSync(secretFile, lines.join(''))
  return { ...(await runAct(act, { ...request, options: ['--secret-file', secretFile] })), secretFiles: [secretFile] }
}
