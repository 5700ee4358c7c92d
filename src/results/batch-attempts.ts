import { describeExit, statusOfExit } from '../domain/exit.js'
import type { Attempt, Disagreement } from '../domain/record.js'
import type { SectionId, TestName } from '../domain/test.js'
import { worst } from '../domain/verdict.js'
import type { BatchRun, VmExit } from '../domain/vm-run.js'
import type { JudgedAttempt, JudgedBatch } from '../suites/index.js'
import { judgedParts } from './judged-attempt.js'

export interface BatchAttempts {
  readonly section: string
  readonly byTest: ReadonlyMap<TestName, readonly Attempt[]>
  readonly disagreements: readonly Disagreement[]
  readonly problems: readonly string[]
}

export interface BatchEvidence {
  readonly batch: BatchRun
  readonly judged: JudgedBatch
  /** Paths of logs every attempt of the batch has (`console`, `stdout`). */
  readonly sharedLogs: Readonly<Record<string, string>>
  /** Makes a path relative to the run's directory. */
  readonly relative: (path: string) => string
}

/** Joins a batch's evidence with what the guest reported: who ran when, and under which test it died. */
export function readBatch(evidence: BatchEvidence): BatchAttempts {
  const { batch, judged } = evidence
  const asked = new Set(batch.tests)
  const byTest = new Map<TestName, Attempt[]>()
  const problems = [...batch.notes, ...judged.problems]
  const disagreements = judged.disagreements.map((one) => ({ ...one, suite: batch.suite, section: batch.section }))
  const victim = findVictim(evidence)
  // What started while the guest was being ended, or was taken from it meanwhile, is no attempt of this guest's.
  const returned = new Set(batch.returned ?? [])
  for (const verdict of judged.tests) {
    if (returned.has(verdict.name)) continue
    if (!asked.has(verdict.name)) {
      problems.push(`${verdict.name} left a verdict, though it was not asked for; it is not counted.`)
      continue
    }
    byTest.set(
      verdict.name,
      verdict.attempts.map((attempt, index) => finish(evidence, verdict.name, attempt, index)),
    )
  }
  for (const started of batch.timeline) {
    if (asked.has(started.name) && !byTest.has(started.name)) byTest.set(started.name, [finish(evidence, started.name, noVerdict, 0)])
  }
  if (victim !== null && batch.died !== null) {
    const attempts = byTest.get(victim) ?? [finish(evidence, victim, noVerdict, 0)]
    byTest.set(victim, killLast(attempts, batch.died.exit, { suite: batch.suite, section: batch.section, test: victim }, disagreements))
  }
  return { section: batch.section, byTest, disagreements, problems }
}

const noVerdict: JudgedAttempt = {
  status: 'notreached',
  seconds: null,
  message: 'it started and left no verdict',
  diff: null,
  files: [],
}

/** The test a guest died under: as the guest run says, else the one that started and left no verdict. */
function findVictim({ batch, judged }: BatchEvidence): TestName | null {
  if (batch.died === null) return null
  if (batch.died.test !== null) return batch.tests.includes(batch.died.test) ? batch.died.test : null
  const open = judged.tests.findLast((verdict) => verdict.attempts.at(-1)?.status === 'notreached')
  return open !== undefined && batch.tests.includes(open.name) ? open.name : null
}

function finish(evidence: BatchEvidence, name: TestName, found: JudgedAttempt, index: number): Attempt {
  const { batch, relative, sharedLogs } = evidence
  const times = batch.timeline.filter((entry) => entry.name === name)[index]
  const logs: Record<string, string> = { ...sharedLogs }
  for (const file of found.files) logs[file.kind] = relative(file.path)
  return {
    ...judgedParts(found, logs),
    durationSeconds: times?.seconds ?? found.seconds,
    guest: batch.guest,
    startedAt: times?.startedAt ?? null,
  }
}

/** The last attempt of the test the guest died under: the guest's end counts, unless it was not the test's doing. */
function killLast(
  attempts: readonly Attempt[],
  exit: VmExit,
  id: SectionId & { readonly test: string },
  disagreements: Disagreement[],
): Attempt[] {
  const last = attempts.at(-1)
  if (last === undefined) return []
  const said = last.status
  // Who ends a guest for a reason of the host’s own takes no verdict away that is here already.
  if (said !== 'notreached' && statusOfExit(exit) === 'notreached') return [...attempts]
  const status = worst(said, statusOfExit(exit))
  if (said !== 'notreached' && status !== said) {
    disagreements.push({
      ...id,
      sources: { suite: said, guest: exit.kind },
      resolution: `${status}: ${describeExit(exit)}, and the worse word counts.`,
    })
  }
  const late = said === 'pass' && exit.kind === 'timeout' ? '; while the guest was being ended it came to its end and passed' : ''
  const message = status === said && said !== 'notreached' ? last.message : `${describeExit(exit)}${late}`
  return [...attempts.slice(0, -1), { ...last, status, message, exit }]
}
