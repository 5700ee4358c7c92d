import type { Origin } from '../../domain/origin.js'
import type { Plan } from '../../domain/plan.js'
import type { RunRecord, UnattributedReport } from '../../domain/record.js'
import { sectionKey } from '../../domain/test-key.js'
import { isSevere, sameReportKey } from '../../domain/verdict.js'
import { wholePlan } from '../../plan/shards/index.js'
import { sortedByText } from './by-text.js'

/** All of a record that is neither test nor guest. Joining two of them is associative and does not depend on their order. */
export type Surroundings = Omit<RunRecord, 'tests' | 'guests' | 'compared' | 'stopped' | 'time'>

/** A record without its tests and guests, and without what only one run has: what it was compared with or ended by, and where its time went. */
export function surroundingsOf(record: RunRecord): Surroundings {
  const { tests: _tests, guests: _guests, compared: _compared, stopped: _stopped, time: _time, plan, ...around } = record
  return {
    ...around,
    plan: wholePlan(plan),
    unattributedReports: joinReports(record.unattributedReports),
    disagreements: sortedByText(record.disagreements),
    cache: sortedByText(record.cache),
  }
}

/** True where the one record's first part stands before the other's: what there can be one of is the first shard's. */
export function isBefore(left: Pick<Surroundings, 'shards' | 'runId'>, right: Pick<Surroundings, 'shards' | 'runId'>): boolean {
  return compare(firstPart(left), firstPart(right)) < 0
}

function firstPart({ shards, runId }: Pick<Surroundings, 'shards' | 'runId'>): readonly [number, number, string] {
  const [part] = shards?.parts ?? []
  return [part?.shard ?? 0, part?.attempt ?? 0, part?.runId ?? runId]
}

function compare(left: readonly [number, number, string], right: readonly [number, number, string]): number {
  return left[0] - right[0] || left[1] - right[1] || (left[2] < right[2] ? -1 : left[2] > right[2] ? 1 : 0)
}

export function joinSurroundings(left: Surroundings, right: Surroundings): Surroundings {
  const [first, second] = isBefore(right, left) ? [right, left] : [left, right]
  const bundlePath = first.bundlePath ?? second.bundlePath
  const { commit: _c, kernelCommit: _k, workflow: _w, images: _i, suiteRevisions: _s, ...rest } = first
  return {
    ...rest,
    runId: [...new Set([...first.runId.split('+'), ...second.runId.split('+')])].sort().join('+'),
    startedAt: [first.startedAt, second.startedAt].sort()[0] ?? first.startedAt,
    endedAt: [first.endedAt, second.endedAt].sort()[1] ?? first.endedAt,
    plan: joinPlans(first.plan, second.plan),
    accelerator: slower(first.accelerator, second.accelerator),
    settings: joinWords(first.settings, second.settings),
    revisions: joinWords(first.revisions, second.revisions),
    ...(bundlePath === undefined ? {} : { bundlePath }),
    ...joinOrigins(first, second),
    sections: joinSections(first.sections, second.sections),
    unattributedReports: joinReports([...first.unattributedReports, ...second.unattributedReports]),
    disagreements: sortedByText([...first.disagreements, ...second.disagreements]),
    cache: sortedByText([...first.cache, ...second.cache]),
  }
}

/** Sections and tests that were named: the same in every shard, else all of them, in no order. */
function joinPlans(first: Plan, second: Plan): Plan {
  const names = (left: readonly string[], right: readonly string[]) =>
    JSON.stringify(left) === JSON.stringify(right) ? [...left] : [...new Set([...left, ...right])].sort()
  const sections = [first, second].some(({ selection }) => selection.sections.length === 0)
    ? []
    : names(first.selection.sections, second.selection.sections)
  return { ...first, selection: { ...first.selection, sections, tests: names(first.selection.tests, second.selection.tests) } }
}

/** The slower one: what the run as a whole is to be taken for. */
function slower(left: RunRecord['accelerator'], right: RunRecord['accelerator']): RunRecord['accelerator'] {
  if (left === null || right === null) return left ?? right
  if (left.timeoutFactor !== right.timeoutFactor) return left.timeoutFactor > right.timeoutFactor ? left : right
  return smaller(left, right)
}

function joinWords(left: Readonly<Record<string, string>>, right: Readonly<Record<string, string>>): Record<string, string> {
  const names = [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()
  return Object.fromEntries(names.map((name) => [name, smaller(left[name] ?? right[name] ?? '', right[name] ?? left[name] ?? '')]))
}

/** What is known of where they come from; of the workflow run its last attempt. */
function joinOrigins(left: Origin, right: Origin): Origin {
  const keys = ['commit', 'kernelCommit', 'images', 'suiteRevisions'] as const
  const known = keys.flatMap((key) => {
    const [ours, theirs] = [left[key] ?? right[key], right[key] ?? left[key]]
    return ours === undefined || theirs === undefined ? [] : [[key, smaller<unknown>(ours, theirs)] as const]
  })
  const workflow = lastAttempt(left.workflow, right.workflow)
  return { ...Object.fromEntries(known), ...(workflow === undefined ? {} : { workflow }) }
}

function lastAttempt(left: Origin['workflow'], right: Origin['workflow']): Origin['workflow'] {
  if (left === undefined || right === undefined) return left ?? right
  const difference = Number(left.attempt) - Number(right.attempt)
  if (difference === 0) return smaller(left, right)
  return difference > 0 ? left : right
}

/** Each once, with what any of them knows of it. */
function joinSections(left: RunRecord['sections'], right: RunRecord['sections']): RunRecord['sections'] {
  const keyOf = ({ suite, name }: RunRecord['sections'][number]) => sectionKey({ suite, section: name })
  const joined = new Map(left.map((section) => [keyOf(section), section]))
  for (const section of right) {
    const known = joined.get(keyOf(section)) ?? section
    const either = (ours: string | null, theirs: string | null) =>
      ours === null || theirs === null ? (ours ?? theirs) : smaller(ours, theirs)
    joined.set(keyOf(section), {
      ...known,
      kernelRelease: either(known.kernelRelease, section.kernelRelease),
      platform: either(known.platform, section.platform),
    })
  }
  return [...joined.values()]
}

/** Equal reports as one, with how often it came. One that counts is not hidden behind one that does not. */
function joinReports(reports: readonly UnattributedReport[]): UnattributedReport[] {
  const groups = new Map<string, UnattributedReport[]>()
  for (const report of reports) {
    const key = sameReportKey(report)
    const known = groups.get(key)
    if (known === undefined) groups.set(key, [report])
    else known.push(report)
  }
  const joined = [...groups.values()].flatMap((group) => {
    const counting = group.filter(isSevere)
    const [shown] = sortedByText((counting.length > 0 ? counting : group).map(({ count: _count, ...report }) => report))
    const count = group.reduce((sum, report) => sum + (report.count ?? 1), 0)
    return shown === undefined ? [] : [count === 1 ? shown : { ...shown, count }]
  })
  return sortedByText(joined)
}

function smaller<T>(left: T, right: T): T {
  return JSON.stringify(left) <= JSON.stringify(right) ? left : right
}
