import type { TestName } from '../../domain/test.js'
import type { BatchEvidence, JudgedAttempt, JudgedBatch, JudgedFile, JudgedTest, TreeReader } from '../suite.js'
import { unifiedDiff } from '../unified-diff.js'
import { readBlktestsOutput } from './output.js'
import { type ResultFile, readResultFiles, readSome } from './results.js'
import { readTrace, type Trace } from './trace.js'
import { verdictOf } from './verdict.js'

const MOST_OUTPUT = 16 * 1024 * 1024
const MOST_DIFFERING = 4 * 1024 * 1024
/** Attempts keep at most so many results (MOST_SUBTESTS of the record). */
const MOST_RESULTS = 1000

/** Where check's output lies below a batch, and where results were made by hand. */
const ROOTS = ['results/blktests', 'results', '.']

/** The verdicts on what an invocation of check left. */
export async function judgeBlktests(files: TreeReader, evidence: BatchEvidence): Promise<JudgedBatch<null>> {
  const problems: string[] = []
  const { directory, tests, exitStatus } = evidence
  const root = await rootOf(files, directory)
  const stdout = `${directory}/check.stdout`
  const printed = await readSome(files, stdout, MOST_OUTPUT, problems)
  const output = readBlktestsOutput(printed ?? '')
  const trace = await readTraceOf(files, root, problems)
  const found = await readResultFiles(files, root, tests, problems)
  const judged: JudgedTest[] = []
  for (const name of tests) {
    const own = found.filter((file) => file.name === name)
    const verdict = verdictOf({ name, files: own, output, trace, ended: exitStatus !== null })
    if (verdict.status === 'notreached' && verdict.message === null) continue
    const { results, metrics, ...rest } = verdict
    const attempt: JudgedAttempt = {
      ...rest,
      diff: await diffOf(files, { source: evidence.source, name, found: own }),
      files: own.flatMap(filesOf),
      ...(results.length === 0 ? {} : { subtests: results.slice(0, MOST_RESULTS), subtestCount: results.length }),
      ...(metrics.length === 0 ? {} : { metrics }),
    }
    judged.push({ name, attempts: [attempt] })
  }
  if (trace === null && found.some(({ keys }) => keys?.get('status') === 'pass')) {
    problems.push('blktests did not take what vmtest adds to its configuration: exit statuses of its tests are not judged.')
  }
  const failed = judged.some(({ attempts }) => attempts.some(({ status }) => status === 'fail'))
  const doubt = doubtOf(exitStatus, failed)
  return {
    tests: judged,
    disagreements: [],
    problems,
    doubts: doubt === null ? [] : [{ kind: 'unended', reason: doubt }],
    logs: printed === null ? {} : { stdout },
    ...{ kernelRelease: null, platform: null, proof: null },
  }
}

async function rootOf(files: TreeReader, directory: string): Promise<string> {
  for (const below of ROOTS) {
    const path = below === '.' ? directory : `${directory}/${below}`
    if ((await files.stat(path).catch(() => null))?.kind === 'directory') return path
  }
  return directory
}

async function readTraceOf(files: TreeReader, root: string, problems: string[]): Promise<Trace | null> {
  const text = await readSome(files, `${root}/vmtest-trace`, MOST_OUTPUT, problems)
  return text === null ? null : readTrace(text)
}

/** check ends with 1 where a test failed, and with 0 else; some versions with 0 always. */
function doubtOf(exitStatus: number | null, failed: boolean): string | null {
  if (exitStatus === null || exitStatus === 0 || (exitStatus === 1 && failed)) return null
  return `check ended with exit status ${exitStatus}${failed ? '' : ', and no test failed'}`
}

/** The difference from the expected output of each result that has one. */
async function diffOf(
  files: TreeReader,
  of: { readonly source: string | null; readonly name: TestName; readonly found: readonly ResultFile[] },
): Promise<string | null> {
  const diffs: string[] = []
  for (const { path, place, beside } of of.found) {
    if (!beside.includes('out.bad')) continue
    const after = await readSome(files, `${path}.out.bad`, MOST_DIFFERING, [])
    const golden = `tests/${of.name}.out`
    const before = of.source === null ? null : await readSome(files, `${of.source}/${golden}`, MOST_DIFFERING, [])
    const names = { before: golden, after: `${place === '' ? '' : `${place}/`}${of.name}.out.bad` }
    if (after !== null) diffs.push(before === null ? after : unifiedDiff(before, after, names))
  }
  return diffs.filter((diff) => diff !== '').join('\n') || null
}

function filesOf({ path, place, keys, beside }: ResultFile): readonly JudgedFile[] {
  const kind = (name: string) => (place === 'nodev' || place === '' ? name : `${place} ${name}`)
  return [
    ...(keys === null ? [] : [{ kind: kind('result'), path }]),
    ...beside.map((ending) => ({ kind: kind(ending), path: `${path}.${ending}` })),
  ]
}
