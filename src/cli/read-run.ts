import { join, resolve } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { RunRecord } from '../domain/record.js'
import { SELECTION_FILE } from '../pipeline/open-run.js'
import { recoverRecord } from '../pipeline/recover.js'
import { isRunning } from '../pipeline/run-process.js'
import { isUnread, readSince } from '../reader/index.js'
import { readResultsDirectory } from '../results/index.js'
import type { CliContext } from './context.js'

/**
 * The record of a run's directory; made of what is there, where the run was killed before it could write one, or had no time to read all.
 * @throws UserError
 */
export async function readRun(directory: string, { ports, toolVersion }: CliContext): Promise<RunRecord> {
  const recorded = (await ports.files.stat(join(directory, 'run.json'))) !== null
  const recover = (known?: RunRecord['stopped']) => recoverRecord(directory, toolVersion, ports, known)
  const read = async () => readResultsDirectory(ports.files, directory, { toolVersion, now: ports.clock.now().toISOString() })
  if (!recorded) return (await recover()) ?? read()
  const record = await read()
  const recovered = isUnread(record) ? await recover(causeOf(record)) : null
  if (recovered === null) return record
  const { runId, startedAt, endedAt, host, accelerator, revisions, commit, tested } = record
  return {
    ...{ ...recovered, runId, startedAt, endedAt, host, accelerator, revisions },
    ...(commit === undefined ? {} : { commit }),
    ...(tested === undefined ? {} : { tested }),
  }
}

/** What ended a run whose results were not read: they are now, what it was ended by stays. */
function causeOf({ stopped }: RunRecord): RunRecord['stopped'] {
  return stopped === undefined ? undefined : { ...stopped, reason: readSince(stopped.reason) }
}

/** The run the user names, or the last one below the working directory. @throws UserError where there is none */
export async function chooseRun(given: string | undefined, { ports, places }: CliContext): Promise<string> {
  if (given !== undefined) return resolve(places.workingDirectory, given)
  const runs = join(places.projectDirectory, '.vmtest/runs')
  const newest = newestRun(await ports.files.list(runs).catch(() => []))
  if (newest !== null) return join(runs, newest)
  throw new UserError(`There is no run below ${runs}.`, 'Name one with `--run DIRECTORY`, or run tests with `vmtest run`.')
}

/** A run that `again` means, and those after it that were passed over, with the reason. */
export interface LastRun {
  readonly directory: string
  readonly passedOver: readonly string[]
}

/**
 * The last run below the working directory that chose tests and has ended; where none chose any, the last one that has ended.
 * @throws UserError where there is none
 */
export async function lastRunWithTests({ ports, places }: CliContext): Promise<LastRun> {
  const runs = join(places.projectDirectory, '.vmtest/runs')
  const names = [...sortedRuns(await ports.files.list(runs).catch(() => []))].reverse()
  const passedOver: string[] = []
  let withoutTests: LastRun | null = null
  for (const name of names) {
    const directory = join(runs, name)
    if (await isRunning(directory, ports.files)) {
      passedOver.push(`${name} still runs`)
      continue
    }
    if ((await ports.files.stat(join(directory, SELECTION_FILE))) !== null) return { directory, passedOver }
    withoutTests ??= { directory, passedOver: [...passedOver] }
    passedOver.push(`${name} came to no tests`)
  }
  if (withoutTests !== null) return withoutTests
  const still = passedOver.length === 0 ? '' : ` that has ended (${passedOver.join(', ')})`
  throw new UserError(`There is no run below ${runs}${still}.`, 'Name one with `--run DIRECTORY`, or run tests with `vmtest run`.')
}

/** The latest of names such as `2026-01-31T235959Z` and, within that second, `2026-01-31T235959Z-2`. */
export function newestRun(names: readonly string[]): string | null {
  return sortedRuns(names).at(-1) ?? null
}

/** Runs among names of directories, the latest last. */
export function sortedRuns(names: readonly string[]): readonly string[] {
  const runs = names.flatMap((name) => {
    const match = /^(\d{4}-\d\d-\d\dT\d{6}Z)(?:-(\d+))?$/.exec(name)
    return match?.[1] === undefined ? [] : [{ name, stamp: match[1], number: Number(match[2] ?? '1') }]
  })
  runs.sort((left, right) => (left.stamp === right.stamp ? left.number - right.number : left.stamp < right.stamp ? -1 : 1))
  return runs.map(({ name }) => name)
}
