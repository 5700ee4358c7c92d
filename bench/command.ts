// A checkout's command, run as a person does, and what it cost. Shared by the benches that compare two builds.
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface CommandCost {
  readonly printed: string
  readonly seconds: number
  /** Of the command and of all it waited for: guests, make, Nix. */
  readonly processorSeconds: number
}

/** @throws where it ends with another status than 0 */
export async function vmtest(
  checkout: string,
  words: readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<CommandCost> {
  // bash's own `time` adds up the processes that were waited for; Node does not tell.
  const script = 'TIMEFORMAT="vmtest-cost %R %U %S"; time "$@"'
  const child = spawn('bash', ['-c', script, 'bash', process.execPath, join(checkout, 'dist/cli.js'), ...words], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [printed, complaints]: [string[], string[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => printed.push(chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => complaints.push(chunk.toString()))
  const status = await new Promise((done) => child.on('close', done))
  const said = complaints.join('')
  const cost = /vmtest-cost (\S+) (\S+) (\S+)/.exec(said)
  if (status !== 0 || cost === null) {
    throw new Error(`${checkout}: vmtest ${words[0]} ended with ${status}\n${printed.join('').slice(-2000)}\n${said.slice(-2000)}`)
  }
  return { printed: printed.join(''), seconds: Number(cost[1]), processorSeconds: Number(cost[2]) + Number(cost[3]) }
}
