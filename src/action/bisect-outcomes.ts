import { join } from 'node:path'
import { describeError, UserError } from '../domain/errors.js'
import type { RunRecord } from '../domain/record.js'
import { exitCode } from '../domain/verdict.js'
import type { Ports } from '../ports/index.js'
import { parseRecord } from '../results/index.js'
import { outcomeOfRun, type StepOutcome } from '../tools/bisect/decide.js'

/** What a job left of a commit. */
export interface TriedCommit {
  readonly round: number
  readonly outcome: StepOutcome
  /** The artifact with its record and logs. */
  readonly artifact: string
  /** Null where it cannot be read. */
  readonly record: RunRecord | null
}

/**
 * Reads the records of all commits that jobs of this run tried, by hash. Of several attempts the last counts; where two of one attempt do not agree, neither.
 * @param options.prefix of the artifacts, up to the number of the round
 * @throws UserError where artifacts cannot be listed
 */
export async function triedCommits(
  options: { readonly prefix: string; readonly hashes: readonly string[]; readonly root: string },
  ports: Pick<Ports, 'artifactStore' | 'files' | 'runner'>,
): Promise<ReadonlyMap<string, TriedCommit>> {
  const { prefix, hashes, root } = options
  const names = await ports.artifactStore.list()
  if (names === null) throw new UserError('The artifacts of this run cannot be listed.', 'Run the job again.', { kind: 'could-not-test' })
  const byShort = new Map(hashes.map((hash) => [hash.slice(0, 12), hash]))
  const found = new Map<string, { readonly attempt: number; readonly tried: TriedCommit }>()
  await ports.files.remove(root)
  for (const artifact of [...names].sort()) {
    const [, round, short = '', attempt] =
      (artifact.startsWith(prefix) && /^(\d+)-([0-9a-f]{12})-attempt-(\d+)(?:-\d+)?$/.exec(artifact.slice(prefix.length))) || []
    const hash = byShort.get(short)
    if (hash === undefined) continue
    const own = { attempt: Number(attempt), tried: await readTried({ artifact, round: Number(round), root }, ports) }
    const known = found.get(hash)
    found.set(hash, known === undefined || known.attempt < own.attempt ? own : known.attempt > own.attempt ? known : agreed(known, own))
  }
  return new Map([...found].map(([hash, { tried }]) => [hash, tried]))
}

function agreed<T extends { readonly attempt: number; readonly tried: TriedCommit }>(left: T, right: T): T {
  if (left.tried.outcome.verdict === right.tried.outcome.verdict) return left
  return { ...left, tried: { ...left.tried, outcome: { verdict: 'skip', reason: 'two records of one attempt do not agree' } } }
}

async function readTried(
  { artifact, round, root }: { readonly artifact: string; readonly round: number; readonly root: string },
  { artifactStore, files, runner }: Pick<Ports, 'artifactStore' | 'files' | 'runner'>,
): Promise<TriedCommit> {
  const lost = (reason: string): TriedCommit => {
    runner.warning(`${artifact}: ${reason}`)
    return { round, artifact, record: null, outcome: { verdict: 'skip', reason } }
  }
  const directory = join(root, artifact)
  await files.makeDirectory(directory)
  if ((await artifactStore.download(artifact, directory)) === null) return lost('its artifact cannot be had whole')
  try {
    const path = join(directory, 'run.json')
    const record = parseRecord(await files.readText(path), path)
    const { verdict, reason } = outcomeOfRun(exitCode(record.conclusion, 'any'))
    const because = record.conclusion.reason === '' ? reason : record.conclusion.reason.replace(/\.$/, '')
    return { round, artifact, record, outcome: { verdict, reason: because } }
  } catch (error) {
    return lost(`its record cannot be read: ${describeError(error)}`)
  }
}
