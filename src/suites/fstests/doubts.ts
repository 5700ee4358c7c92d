import type { EvidenceVerdict } from './evidence-verdict.js'
import type { FstestsEvidence } from './gather.js'
import type { OutputPass } from './output.js'
import type { Lists } from './subjects.js'
import { isTestName } from './test-name.js'

/** Something check left that says: not everything that should have been tested was, or not all that failed is known. */
export interface Doubt {
  /** Null: it is of all sections. */
  readonly section: string | null
  /** `unended`: so looks what ended before its time; no sign of anything where the host itself ended it. */
  readonly kind: 'unended' | 'other'
  readonly reason: string
}

export interface Witnessed {
  readonly evidence: FstestsEvidence
  readonly lists: ReadonlyMap<string | null, Lists>
  readonly verdicts: readonly EvidenceVerdict[]
}

/**
 * What speaks against taking the tests' own verdicts for the whole truth: check gave up, was interrupted or did not come to its summary,
 * left out a test, ended with an exit status that no verdict explains, or counted more failures than anybody can name.
 */
export function findDoubts(witnessed: Witnessed): readonly Doubt[] {
  const { evidence } = witnessed
  const everywhere = (reason: string): Doubt => ({ section: null, kind: 'other', reason })
  return [
    ...(evidence.output?.unknownTests ?? []).map((name) => everywhere(`check did not know \`${name}\` and left it out`)),
    ...evidence.unread.map((path) => everywhere(`${path} could not be read whole`)),
    ...(evidence.output?.passes ?? []).flatMap((pass) => doubtsOfPass(pass, witnessed)),
    ...logDoubts(witnessed),
    ...reportDoubts(witnessed),
    ...exitDoubts(witnessed),
  ]
}

function doubtsOfPass(pass: OutputPass, { lists, verdicts }: Witnessed): Doubt[] {
  const { section } = pass
  const doubts: Doubt[] = pass.fatal.map((text) => ({ section, kind: 'other', reason: `check gave up: ${text}` }))
  if (pass.interrupted) doubts.push({ section, kind: 'unended', reason: 'check was interrupted' })
  if (pass.total === null) {
    if (lists.get(section)?.hasTotal !== true)
      doubts.push({ section, kind: 'unended', reason: 'check’s output ends without the section’s summary' })
    return doubts
  }
  const odd = [...pass.failures].filter((name) => !isTestName(name))
  if (odd.length > 0) doubts.push({ section, kind: 'other', reason: `the summary names \`${odd[0]}\` among the failures` })
  const tried = pass.verdicts.filter(({ status }) => status !== 'expunged' && status !== 'no-such-test')
  const names = new Set(tried.map(({ name }) => name))
  const known = new Set([...tried.filter(({ status }) => status === 'fail').map(({ name }) => name), ...pass.failures])
  const { failed, of } = pass.total
  // A name that is known to have failed elsewhere (its files, result.xml) is one of those the summary counts.
  const failing = new Set(verdicts.filter((verdict) => verdict.section === section && hasFailed(verdict)).map(({ name }) => name))
  if (failed > known.size && failed > failing.size)
    doubts.push({ section, kind: 'other', reason: `the summary counts ${failed} failed, and nothing says which` })
  if (of > Math.max(tried.length, pass.ran?.size ?? 0) || of < names.size)
    doubts.push({ section, kind: 'other', reason: `the summary counts ${of} tests, the output shows ${names.size}` })
  return doubts
}

function hasFailed(verdict: EvidenceVerdict): boolean {
  return verdict.attempts.some(({ status }) => status === 'fail')
}

/** The section's own check.log, where it is of this run. */
function logDoubts({ lists, verdicts }: Witnessed): Doubt[] {
  return [...lists].flatMap(([section, list]) =>
    list.logs.flatMap((log): Doubt[] => {
      const failing = verdicts.filter((verdict) => verdict.section === section && hasFailed(verdict))
      const failed = log.total?.failed ?? 0
      return [
        ...(log.interrupted ? [{ section, kind: 'unended', reason: 'check was interrupted' } as const] : []),
        ...(failed > failing.length
          ? [{ section, kind: 'other', reason: `check.log counts ${failed} failed, and nothing says which` } as const]
          : []),
      ]
    }),
  )
}

/** What result.xml counts against what it shows. With sections, `-i` adds cases up and counts only the last time through. */
function reportDoubts({ evidence, lists }: Witnessed): Doubt[] {
  return evidence.reports.flatMap(({ section: directory, value }): Doubt[] => {
    const section = directory ?? value.cases[0]?.section ?? null
    const shown = (status: string) => value.cases.filter((each) => each.status === status).length
    const { tests, failures, skipped } = value.counts
    const doubt = (reason: string): Doubt => ({ section, kind: 'other', reason: `result.xml ${reason}` })
    const hasEnd = evidence.output !== null || lists.get(section)?.hasTotal === true
    return [
      ...(!value.finished && !hasEnd
        ? [{ section, kind: 'unended', reason: 'result.xml was written before check came to its end' } as const]
        : []),
      ...((failures ?? 0) > shown('fail') ? [doubt(`counts ${failures} failures and shows ${shown('fail')}`)] : []),
      ...((skipped ?? 0) > shown('notrun') ? [doubt(`counts ${skipped} tests not run and shows ${shown('notrun')}`)] : []),
      ...((tests ?? 0) > value.cases.length ? [doubt(`counts ${tests} tests and shows ${value.cases.length}`)] : []),
    ]
  })
}

function exitDoubts({ evidence, verdicts }: Witnessed): Doubt[] {
  if (evidence.exitStatus === null) return []
  const status = /^\d{1,9}$/.test(evidence.exitStatus) ? Number(evidence.exitStatus) : null
  const reason = status === null ? '`check.rc` is no exit status' : whyExitStatus(status, verdicts.some(hasFailed))
  return reason === null ? [] : [{ section: null, kind: 'unended', reason }]
}

/**
 * What an exit status of check tells beyond the verdicts, or null: check ends with 1 where a test failed and 0 otherwise (its last line);
 * anything else is not check's own end.
 */
export function whyExitStatus(status: number, aTestFailed: boolean): string | null {
  if (status === 0 || (status === 1 && aTestFailed)) return null
  return `check ended with exit status ${status}${status === 1 ? ', though no test is known to have failed' : ''}`
}
