import { type ProgramEnd, parseProgramEnd } from '../../domain/program-end.js'
import type { TestName } from '../../domain/test.js'
import { testFileName } from '../../domain/test-file.js'
import { judgeProgram, type ProgramVerdict } from '../ktap/index.js'
import type { BatchEvidence, JudgedAttempt, JudgedBatch, JudgedFile, JudgedTest, TreeReader } from '../suite.js'

/** The verdict on one program. `end` is null where it left no word of how it ended. */
export type ProgramJudge = (end: ProgramEnd | null, output: string, name: TestName) => JudgedProgram

/** As ProgramVerdict; `notreached` is of a program that says it had nothing to test. */
export interface JudgedProgram extends Omit<ProgramVerdict, 'status'> {
  readonly status: ProgramVerdict['status'] | 'notreached'
}

/** What is read of one test's output. A program that prints more cannot be judged: a result may stand behind it. */
const MOST_MIB = 16

/**
 * The verdicts of a batch whose tests the agent ran one by one: of each test `tests/FILE.out`, what it printed, and `tests/FILE.status`, how it ended.
 * A test of which neither is there did not start.
 * @param verdictOf what a test's end and output come to; KTAP's and kselftest's rules, where it is not given
 */
export async function judgePrograms(
  files: TreeReader,
  evidence: BatchEvidence,
  verdictOf: ProgramJudge = judgeProgram,
): Promise<JudgedBatch<null>> {
  const problems: string[] = []
  const tests: JudgedTest[] = []
  for (const name of evidence.tests) {
    const attempt = await judgeTest({ files, problems, verdictOf }, `${evidence.directory}/results/tests/${testFileName(name)}`, name)
    if (attempt !== null) tests.push({ name, attempts: [attempt] })
  }
  return { tests, disagreements: [], problems, doubts: [], logs: {}, kernelRelease: null, platform: null, proof: null }
}

interface Judging {
  readonly files: TreeReader
  readonly problems: string[]
  readonly verdictOf: ProgramJudge
}

async function judgeTest({ files, problems, verdictOf }: Judging, stem: string, name: TestName): Promise<JudgedAttempt | null> {
  const output = await read(files, `${stem}.out`, problems)
  const status = await read(files, `${stem}.status`, problems)
  if (output === null && status === null) return null
  const kept: JudgedFile[] = output === null ? [] : [{ kind: 'output', path: `${stem}.out` }]
  const end = status === null ? null : parseProgramEnd(status.text)
  if (end === null) {
    if (status !== null)
      problems.push(`${name}: its status is ${JSON.stringify(status.text.slice(0, 80))}, which the agent does not write.`)
    const { subtests, subtestCount } = verdictOf(null, output?.text ?? '', name)
    return { ...plain('notreached', 'it started and left no exit status', kept), ...counted({ subtests, subtestCount }) }
  }
  const verdict = verdictOf(end, output?.text ?? '', name)
  const reasons = verdict.message === null ? [] : [verdict.message]
  if (output === null) return plain('fail', [...reasons, 'what it printed is lost'].join('; '), kept)
  if (output.cut) {
    const message = [...reasons, `it printed more than the ${MOST_MIB} MiB that are read, so that it cannot be judged`].join('; ')
    return { ...plain(verdict.status === 'timeout' ? 'timeout' : 'fail', message, kept), ...counted(verdict) }
  }
  return { ...plain(verdict.status, verdict.message, kept), ...counted(verdict) }
}

function plain(status: JudgedAttempt['status'], message: string | null, files: readonly JudgedFile[]): JudgedAttempt {
  return { status, seconds: null, message, diff: null, files }
}

function counted({ subtests, subtestCount }: Pick<JudgedProgram, 'subtests' | 'subtestCount'>): Partial<JudgedAttempt> {
  return subtestCount === 0 ? {} : { subtests, subtestCount }
}

/** Bytes that are no UTF-8 become U+FFFD. */
async function read(files: TreeReader, path: string, problems: string[]): Promise<{ readonly text: string; readonly cut: boolean } | null> {
  try {
    const entry = await files.stat(path)
    if (entry?.kind !== 'file') return null
    const length = Math.min(entry.sizeBytes, MOST_MIB * 1024 * 1024)
    const bytes = await files.readBytes(path, { offset: 0, length })
    return { text: new TextDecoder().decode(bytes), cut: entry.sizeBytes > length }
  } catch (error) {
    problems.push(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`)
    return null
  }
}
