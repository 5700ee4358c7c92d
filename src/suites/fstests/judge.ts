import type { TestName } from '../../domain/test.js'
import type { BatchEvidence, JudgedAttempt, JudgedBatch, TreeReader } from '../suite.js'
import { unifiedDiff } from '../unified-diff.js'
import { whyExitStatus } from './doubts.js'
import type { EvidenceAttempt } from './evidence-verdict.js'
import { gatherEvidence } from './gather.js'
import type { SectionEvidence } from './section-proof.js'
import { readFstestsResults } from './verdicts.js'

/** Bytes of an output read for a diff. */
const LONGEST_OUTPUT = 4 * 1024 * 1024

/** What an invocation of check left, judged. */
export async function judgeFstests(files: TreeReader, evidence: BatchEvidence): Promise<JudgedBatch<SectionEvidence>> {
  const gathered = await gatherEvidence(files, evidence.directory)
  const { verdicts, sections, properties, disagreements, problems, doubts } = readFstestsResults(gathered)
  const failed = verdicts.some(({ attempts }) => attempts.some(({ status }) => status === 'fail'))
  const exitDoubt = evidence.exitStatus === null ? null : whyExitStatus(evidence.exitStatus, failed)
  const tests = []
  for (const { name, attempts } of verdicts) {
    const judged: JudgedAttempt[] = []
    for (const attempt of attempts) judged.push(await judgeAttempt(files, { source: evidence.source, name }, attempt))
    tests.push({ name, attempts: judged })
  }
  return {
    tests,
    disagreements,
    problems,
    doubts: exitDoubt === null ? doubts : [...doubts, { kind: 'unended', reason: exitDoubt }],
    logs: sections.length === 0 ? {} : { stdout: `${evidence.directory}/check.stdout` },
    kernelRelease: properties.KERNEL || null,
    platform: sections.flatMap(({ platform }) => platform ?? [])[0] ?? null,
    proof: {
      headers: sections,
      fileSystem: gathered.fileSystem,
      passed: verdicts.some(({ attempts }) => attempts.some(({ status }) => status === 'pass')),
    },
  }
}

/** One attempt with the whole difference, where only its beginning was printed. */
async function judgeAttempt(
  files: TreeReader,
  { source, name }: { readonly source: string | null; readonly name: TestName },
  attempt: EvidenceAttempt,
): Promise<JudgedAttempt> {
  const judged = judgedAttempt(attempt)
  const outBad = attempt.files.find((file) => file.kind === 'outBad')
  if (attempt.status !== 'fail' || attempt.isDiffWhole || outBad === undefined || source === null) return judged
  const diff = await computeDiff(files, { golden: `${source}/tests/${name}.out`, outBad: outBad.path, name })
  return diff === null ? judged : { ...judged, diff }
}

/** An attempt of check as all suites have them. */
export function judgedAttempt({ status, seconds, message, diff, files, isRerun }: EvidenceAttempt): JudgedAttempt {
  return { status, seconds, message, diff, files: files.map(({ kind, path }) => ({ kind, path })), ...(isRerun ? { isRerun } : {}) }
}

/** Null where either output cannot be read: a golden output may be a link that is only made in the guest. */
async function computeDiff(
  files: TreeReader,
  { golden, outBad, name }: { readonly golden: string; readonly outBad: string; readonly name: TestName },
): Promise<string | null> {
  const [before, after] = [await readWhole(files, golden), await readWhole(files, outBad)]
  if (before === null || after === null) return null
  const diff = unifiedDiff(before, after, { before: `tests/${name}.out`, after: `${name}.out.bad` })
  return diff === '' ? null : diff
}

async function readWhole(files: TreeReader, path: string): Promise<string | null> {
  try {
    const entry = await files.stat(path)
    if (entry?.kind !== 'file') return null
    return new TextDecoder().decode(await files.readBytes(path, { offset: 0, length: Math.min(entry.sizeBytes, LONGEST_OUTPUT) }))
  } catch {
    // No difference can be shown then; the verdict does not depend on it.
    return null
  }
}
