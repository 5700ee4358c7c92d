import { withoutActionVariables } from '../domain/action-variables.js'
import type { Ports } from '../ports/index.js'

type MakePorts = Pick<Ports, 'exec' | 'clock' | 'runner'>

/** How `make` is called for one tree. */
export interface MakeSetting {
  readonly tree: string
  readonly objects: string
  /** `CC=…` where it differs from the tree's own choice. */
  readonly variables: readonly string[]
  /** What its environment has beside ours. */
  readonly environment?: Readonly<Record<string, string>>
  readonly jobs: number
  /** Programs before `make`: a lock on the object directory, and an end when we end. */
  readonly prefix: readonly string[]
  readonly signal?: AbortSignal
}

export interface MakeOutcome {
  readonly succeeded: boolean
  /** What it printed, in order of arrival, without the tree's directory. */
  readonly lines: readonly string[]
  readonly seconds: number
}

/** A build that says nothing new for people is still heard of this often. */
const HEARTBEAT_SECONDS = 30

/**
 * `make TARGETS` in a tree, its objects beside it. A failure is a value. It is ended by SIGTERM: make then removes the
 * object a compiler was writing, which after a SIGKILL would pass for a good one the next time.
 * @param onLine gets each line as it comes; absent: one is shown now and then
 */
export async function make(
  setting: MakeSetting,
  targets: readonly string[],
  ports: MakePorts,
  onLine?: (line: string) => void,
): Promise<MakeOutcome> {
  const { clock, exec, runner } = ports
  const lines: string[] = []
  const started = clock.monotonicSeconds()
  let shown = started
  const take = (line: string) => {
    const own = line.replaceAll(`${setting.tree}/`, '')
    lines.push(own)
    if (onLine !== undefined) return onLine(own)
    if (clock.monotonicSeconds() - shown < HEARTBEAT_SECONDS) return
    shown = clock.monotonicSeconds()
    runner.untrusted(`make> ${own}`)
  }
  const result = await exec.run(makeCommand(setting, targets), {
    // Messages are read: their language has to be one. The kernel's Makefile takes LC_ALL away again, so all of them.
    env: { ...withoutActionVariables(runner.env), ...setting.environment, LC_ALL: 'C', LC_MESSAGES: 'C', LANG: 'C' },
    onStdoutLine: take,
    onStderrLine: take,
    ...(setting.signal === undefined ? {} : { signal: setting.signal }),
  })
  return { succeeded: result.code === 0, lines, seconds: clock.monotonicSeconds() - started }
}

/** The whole command line. Messages of one target stay together, else two compilers' errors interleave. */
export function makeCommand(setting: MakeSetting, targets: readonly string[]): readonly string[] {
  const { prefix, tree, objects, jobs, variables } = setting
  return [...prefix, 'make', '-C', tree, `O=${objects}`, '-j', String(jobs), '--output-sync=target', ...variables, ...targets]
}

/** Programs before `make`, as far as the machine has them: its end with ours, and a lock that a second run waits for. */
export async function makePrefix(objects: string, { which }: Pick<Ports['exec'], 'which'>): Promise<readonly string[]> {
  const [setpriv, flock] = [await which('setpriv'), await which('flock')]
  return [
    ...(setpriv === null ? [] : [setpriv, '--pdeathsig', 'TERM']),
    // --no-fork: make takes flock's place, and with it the signal.
    ...(flock === null ? [] : [flock, '--no-fork', `${objects}/vmtest.lock`]),
  ]
}
