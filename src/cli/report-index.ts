import { join, resolve } from 'node:path'
import { describeError, UserError } from '../domain/errors.js'
import type { RunRecord } from '../domain/record.js'
import type { Ports } from '../ports/index.js'
import { INDEX_GENERATOR, indexPage, REPORT_FILES, type RunSummary, summarizeRun, TestTable, writePieces } from '../report/index.js'
import { comparisonOf, conclude, parseRecord } from '../results/index.js'

const INDEX_FILE = 'index.html'
/** How deep below the directory a run may lie: an artifact's directory in a run's, of a branch. */
const DEEPEST = 4
/** The newest are kept: the page is to be read. */
const MOST_RUNS = 1000

/**
 * Writes the index of the runs below a directory into it, each run read once and reduced before the next.
 * @returns the page's path, and how many runs are on it
 * @throws UserError where there is no run, or a page of someone else lies where the index would
 */
export async function writeIndex(
  given: string,
  workingDirectory: string,
  { files }: Pick<Ports, 'files'>,
): Promise<{ readonly path: string; readonly runs: number; readonly problems: readonly string[] }> {
  const directory = resolve(workingDirectory, given)
  if ((await files.stat(directory))?.kind !== 'directory')
    throw new UserError(`${directory} is no directory.`, 'Name one with runs below it, such as `.vmtest/runs`.')
  const path = join(directory, INDEX_FILE)
  await refuseForeign(path, files)
  const found = await findRuns(directory, '', files)
  if (found.length === 0) {
    throw new UserError(
      `There is no run below ${directory}.`,
      `A run is a directory with ${REPORT_FILES.record}: name one such as \`.vmtest/runs\`, or where artifacts were unpacked, one directory each.`,
    )
  }
  const table = new TestTable()
  const summaries: RunSummary[] = []
  const problems: string[] = []
  let tree = ''
  for (const below of found) {
    try {
      const record = judgedAnew(parseRecord(await files.readText(join(directory, below, REPORT_FILES.record)), below))
      const hasPage = (await files.stat(join(directory, below, REPORT_FILES.html)))?.kind === 'file'
      summaries.push(summarizeRun(record, comparisonOf(record), { directory: below, hasPage, table }))
      tree = record.tested?.tree ?? tree
    } catch (error) {
      problems.push(`${below}: ${describeError(error)}`)
    }
  }
  if (summaries.length === 0) throw new UserError(`None of the ${found.length} records below ${directory} can be read.`, problems[0] ?? '')
  const runs = newest(summaries)
  await writePieces(files, path, indexPage({ title: tree === '' ? 'Runs' : `Runs of ${tree}`, runs, table, problems }))
  return { path, runs: runs.length, problems }
}

/** What a record came to is concluded from what it holds, whatever its end says. */
function judgedAnew(record: RunRecord): RunRecord {
  return { ...record, conclusion: conclude(record, comparisonOf(record), record.plan.failOn) }
}

function newest(summaries: readonly RunSummary[]): readonly RunSummary[] {
  return [...summaries].sort((left, right) => (left.startedAt < right.startedAt ? -1 : 1)).slice(-MOST_RUNS)
}

async function findRuns(directory: string, below: string, files: Ports['files'], depth = 0): Promise<readonly string[]> {
  const here = join(directory, below)
  const names = await files.list(here)
  // What lies below a run is its own: the base's guests, the parts of a merged one.
  if (below !== '' && names.includes(REPORT_FILES.record)) return [below]
  if (depth >= DEEPEST) return []
  const found: string[] = []
  for (const name of names) {
    const inside = below === '' ? name : `${below}/${name}`
    if ((await files.stat(join(directory, inside)))?.kind === 'directory')
      found.push(...(await findRuns(directory, inside, files, depth + 1)))
  }
  return found
}

/** Another page of that name is not ours to overwrite. */
async function refuseForeign(path: string, files: Ports['files']): Promise<void> {
  const entry = await files.stat(path)
  if (entry === null) return
  const start = new TextDecoder().decode(
    await files.readBytes(path, { offset: 0, length: Math.min(entry.sizeBytes, 4096) }).catch(() => new Uint8Array()),
  )
  if (start.includes(INDEX_GENERATOR)) return
  throw new UserError(`${path} is there already, and no index of ours.`, 'Move it away, or name another directory with `--index`.')
}
