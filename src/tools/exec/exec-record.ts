import { randomUUID } from 'node:crypto'
import type { AcceleratorDecision } from '../../domain/accelerator.js'
import type { Plan } from '../../domain/plan.js'
import { type Attempt, type HostFacts, RECORD_VERSION, type RunRecord } from '../../domain/record.js'
import type { Section } from '../../domain/section.js'
import type { Built } from '../../domain/stages.js'
import type { TestStatus } from '../../domain/test.js'
import { testFileName } from '../../domain/test-file.js'
import { conclude } from '../../results/index.js'
import { describeOutcome, type ExecOutcome, exitStatusOf } from './outcome.js'

export interface ExecRecordInput {
  readonly outcome: ExecOutcome
  readonly plan: Plan
  readonly section: Section
  /** What the command is called in the record. */
  readonly name: string
  readonly built: Built
  readonly accelerator: AcceleratorDecision
  readonly host: HostFacts
  readonly toolVersion: string
  readonly startedAt: string
  readonly endedAt: string
}

/** The record of one command in a guest: a run of one test. Its conclusion goes by the exit status of `vmtest exec`. */
export function execRecord(input: ExecRecordInput): RunRecord {
  const { outcome, plan, section, name, built } = input
  const { guest } = outcome
  const status = statusOf(outcome)
  const id = { suite: section.suite, section: section.name, name }
  const record: Omit<RunRecord, 'conclusion'> = {
    version: RECORD_VERSION,
    tool: { name: 'kernel-vmtest', version: input.toolVersion },
    runId: randomUUID(),
    startedAt: input.startedAt,
    endedAt: input.endedAt,
    plan,
    host: input.host,
    accelerator: input.accelerator,
    settings: {},
    revisions: { ...built.bundle.revisions },
    sections: [{ ...section, kernelRelease: guest?.release ?? null, platform: null, couldNotTest: null }],
    tests: [
      {
        ...id,
        status,
        flaky: false,
        reason: status === 'notreached' ? (outcome.lost ?? 'it did not end') : null,
        expectedFailure: null,
        attempts: [attemptOf(outcome, status, name)],
      },
    ],
    guests: guest === null ? [] : [guest],
    unattributedReports: outcome.reports.filter(({ test }) => test === null),
    disagreements: [],
    problems: outcome.lost === null ? [] : [outcome.lost],
    ...(outcome.isCancelled ? { stopped: { kind: 'cancelled' as const, reason: 'cancelled' } } : {}),
    cache: [],
  }
  return { ...record, conclusion: conclude(record, null, plan.failOn) }
}

function statusOf(outcome: ExecOutcome): TestStatus {
  const { end, lost, guest, batch } = outcome
  if (outcome.isCancelled) return 'notreached'
  if (lost !== null) return guest?.exit.kind === 'panic' && batch !== null ? 'crashed' : 'notreached'
  if (end?.kind === 'limit') return 'timeout'
  return exitStatusOf(outcome) === 0 ? 'pass' : 'fail'
}

function attemptOf(outcome: ExecOutcome, status: TestStatus, name: string): Attempt {
  const { guest, batch, end, reports } = outcome
  const entry = batch?.timeline[0]
  const words = describeOutcome(outcome).join('; ')
  const exitWords = end?.kind === 'exit' && end.code !== 0 ? `exit status ${end.code}` : ''
  return {
    status,
    durationSeconds: entry?.seconds ?? null,
    guest: guest?.id ?? null,
    startedAt: entry?.startedAt ?? null,
    message: [exitWords, words].filter((text) => text !== '').join('; ') || null,
    diff: null,
    reports: reports.filter(({ test }) => test !== null),
    exit: status === 'crashed' ? (guest?.exit ?? null) : null,
    logs: {
      ...(guest === null ? {} : { console: guest.consolePath }),
      ...(batch === null ? {} : { stdout: `${batch.directory}/results/tests/${testFileName(name)}.out` }),
    },
  }
}
