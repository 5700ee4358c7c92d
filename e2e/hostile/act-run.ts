import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { WatchedMachine } from './watched-machine.js'

/** One line of `act --json`. */
export interface ActLine {
  readonly msg?: string
  readonly command?: string
  readonly arg?: string
  /** The line as act found it. */
  readonly raw?: string
  readonly kvPairs?: Readonly<Record<string, string>>
}

export interface ActRun {
  readonly code: number | null
  readonly lines: readonly ActLine[]
  readonly messages: string
  /** All of it, as it came. */
  readonly text: string
  /** Files of ours that hold the secrets. */
  readonly secretFiles: readonly string[]
}

export interface ActRequest {
  readonly machine: WatchedMachine
  /** The repository, with its workflow. */
  readonly directory: string
  readonly env: Readonly<Record<string, string>>
  /** GITHUB_TOKEN and those a workflow names. */
  readonly secrets: Readonly<Record<string, string>>
}

/** Lets act run a repository's workflow on a machine, in host mode. */
export async function runAct(act: string, { machine, directory, env, secrets }: ActRequest): Promise<ActRun> {
  const secretFile = join(machine.home, '.secrets')
  writeFileSync(
    secretFile,
    Object.entries(secrets)
      .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
      .join(''),
  )
  const how = ['push', '--platform', 'ubuntu-latest=-self-hosted', '--no-cache-server', '--json', '--secret-file', secretFile]
  const [program = '', ...argv] = machine.inside(directory, act, ...how)
  const child = spawn(program, argv, { env: { PATH: process.env.PATH ?? '', ...machine.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => void chunks.push(chunk))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const text = chunks.join('')
  const lines = text.split('\n').flatMap((line): ActLine[] => {
    try {
      return [JSON.parse(line) as ActLine]
    } catch {
      return []
    }
  })
  return { code, lines, messages: lines.map(({ msg }) => msg ?? '').join('\n'), text, secretFiles: [secretFile] }
}
