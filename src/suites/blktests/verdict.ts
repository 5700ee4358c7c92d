import type { Metric, Subtest } from '../../domain/record.js'
import type { TestName } from '../../domain/test.js'
import { worst as worstStatus } from '../../domain/verdict.js'
import type { BlktestsOutput, PrintedResult } from './output.js'
import type { ResultFile } from './results.js'
import type { Trace } from './trace.js'

/** What bears witness to one test. */
export interface TestEvidence {
  readonly name: TestName
  readonly files: readonly ResultFile[]
  readonly output: BlktestsOutput
  /** Null where check did not take our additions. */
  readonly trace: Trace | null
  /** Whether check itself came to its end. */
  readonly ended: boolean
}

export interface TestVerdict {
  readonly status: 'pass' | 'fail' | 'notrun' | 'notreached'
  readonly seconds: number | null
  readonly message: string | null
  /** A name may come with several results: one a condition and device. Empty where there is but one. */
  readonly results: readonly Subtest[]
  readonly metrics: readonly Metric[]
}

/** Files beside a result that are there only where something was wrong. */
const WITNESSES: Readonly<Record<string, string>> = {
  'out.bad': 'its output is not the expected one',
  dmesg: 'the kernel reported something while it ran',
  kmemleak: 'kmemleak found leaked memory',
}
const REASONS: Readonly<Record<string, string>> = { output: 'out.bad', dmesg: 'dmesg', kmemleak: 'kmemleak' }
const OWN_KEYS: ReadonlySet<string> = new Set(['status', 'reason', 'exit_status', 'runtime', 'date', 'description'])

/**
 * The verdict on one test: the worst of its results. Result files come first; what was printed gives reasons of skips, which no file has, and never
 * makes anything better. A test of which nothing is known is `notreached`.
 */
export function verdictOf(evidence: TestEvidence): TestVerdict {
  const results = evidence.files.flatMap((file) => resultOf(file, evidence) ?? [])
  const printed = evidence.output.results.filter(({ name }) => name === evidence.name)
  const whole = wholeOf(evidence, results, printed)
  const [first, ...others] = [...results, ...whole].map((verdict) => verdict.status)
  const worst = first === undefined ? 'notreached' : worstStatus(first, ...others)
  const passed = results.some((result) => result.status === 'pass')
  // Where it ran under one condition and declined another, it ran.
  const status = worst === 'notrun' && passed ? 'pass' : worst
  const seconds = evidence.files.map(({ keys }) => secondsOf(keys?.get('runtime')))
  return {
    status,
    seconds: seconds.every((value) => value === null) ? null : seconds.reduce<number>((sum, value) => sum + (value ?? 0), 0),
    message: worst === 'pass' ? null : messageOf([...results, ...whole], worst),
    results: results.length < 2 ? [] : results.map(subtestOf),
    metrics: evidence.files.flatMap((file) => metricsOf(file, evidence.files.length > 1)),
  }
}

interface ResultVerdict {
  readonly label: string
  readonly status: TestVerdict['status']
  readonly message: string | null
}

function resultOf(file: ResultFile, { name, output, trace, ended }: TestEvidence): ResultVerdict | null {
  const label = file.place
  const status = file.keys?.get('status')
  if (file.keys === null || status === undefined) {
    // Beside it lies what its functions printed: it was running.
    return { label, status: 'notreached', message: ended ? 'it left no result' : 'it was running when the guest ended' }
  }
  const key = `${file.place === '' ? '' : `${file.place}/`}${name}`
  const exits = trace?.get(name)?.exits.get(key)
  const said = [...(exits ?? []), Number(file.keys.get('exit_status') ?? 0)].find((code) => code !== 0)
  const witnesses = file.beside.flatMap((ending) => WITNESSES[ending] ?? [])
  if (status === 'not run') return { label, status: 'notrun', message: reasonsOf(file, output, name) }
  const reasons = [...new Set([...reasonOf(file), ...witnesses, ...(said === undefined ? [] : [`exit status ${said}`])])]
  if (status !== 'pass' || reasons.length > 0) {
    return { label, status: 'fail', message: reasons.join('; ') || `blktests says \`${status.slice(0, 80)}\`` }
  }
  if (trace !== null && exits === undefined) return { label, status: 'notreached', message: 'its exit status is lost' }
  return { label, status: 'pass', message: null }
}

function reasonOf({ keys }: ResultFile): readonly string[] {
  const reason = keys?.get('reason')
  if (reason === undefined) return []
  const ending = REASONS[reason]
  if (ending !== undefined) return [WITNESSES[ending] ?? reason]
  return reason === 'exit' ? [`exit status ${keys?.get('exit_status') ?? 'other than 0'}`] : [reason.slice(0, 200)]
}

/** Reasons are printed alone; of several results those that stand by this one's description, or all of the test's. */
function reasonsOf(file: ResultFile, output: BlktestsOutput, name: TestName): string {
  const printed = output.results.filter((result) => result.name === name && result.status === 'not run')
  const [device = ''] = file.place.split('_')
  const own = printed.filter(({ about }) => (device === 'nodev' ? !about.startsWith('=>') : about.startsWith(`=> ${device}`)))
  const lines = (own.length > 0 ? own : printed).flatMap(({ lines }) => lines.filter((line) => !/^\w+ +\.\.\. /.test(line)))
  return [...new Set(lines)].join('; ') || 'it declined, and what it said is lost'
}

/** What is to be said of the test as a whole, beside its results. */
function wholeOf(evidence: TestEvidence, results: readonly ResultVerdict[], printed: readonly PrintedResult[]): readonly ResultVerdict[] {
  const { name, output, trace, ended } = evidence
  const traced = trace?.get(name)
  const verdicts: ResultVerdict[] = []
  const add = (status: ResultVerdict['status'], message: string) => verdicts.push({ label: '', status, message })
  if (printed.some(({ status }) => status === 'failed') && !results.some(({ status }) => status === 'fail')) {
    add('fail', 'check printed [failed], and its result file does not say so')
  }
  if (traced !== undefined && traced.end === null && ended) {
    add('fail', ['it ended the shell that ran it, without a result', ...output.other.slice(-2)].join('; '))
  }
  const warning = output.warnings.get(name)
  if (warning !== undefined) add('fail', `check says: ${warning}`)
  if (verdicts.length > 0 || results.length > 0) return verdicts
  // A group that declines as a whole starts none of its tests; one can also decline a device, and runs the others.
  const begun = output.started.has(name) || (traced !== undefined && traced.end !== 0)
  const group = begun ? undefined : output.groups.get(name.slice(0, name.indexOf('/')))
  const [first] = printed
  if (group !== undefined) add('notrun', [...new Set(group)].join('; ') || 'its group declined')
  else if (first?.status === 'not run') add('notrun', [...new Set(first.lines)].join('; ') || 'it declined')
  else if (first !== undefined) add('notreached', `check printed [${first.status}], and its result file is lost`)
  else if (output.unknown.has(name)) add('notreached', 'check knows no such test')
  else if (traced?.end === 0 && traced.devices === 0) add('notrun', 'it is a test of a device, and the section has none for it')
  else if (traced !== undefined && traced.end !== null && ended) add('fail', `it left no result, and its shell ended with ${traced.end}`)
  else if (traced === undefined && output.started.has(name) && ended) add('fail', 'it started and left no result')
  return verdicts
}

function messageOf(verdicts: readonly ResultVerdict[], status: ResultVerdict['status']): string | null {
  const own = verdicts.filter((verdict) => verdict.status === status)
  const several = verdicts.length > 1
  const texts = own.map(({ label, message }) => (several && label !== '' ? `${label}: ${message}` : message))
  return [...new Set(texts)].filter((text) => text !== null).join('; ') || null
}

function subtestOf({ label, status, message }: ResultVerdict): Subtest {
  return { name: label === '' ? 'no devices' : label, status: status === 'notreached' ? 'fail' : status, message }
}

/** `0.551s` */
function secondsOf(text: string | undefined): number | null {
  const match = /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(text ?? '')
  return match === null ? null : Number(match[1])
}

/** Every key of its own that is a number: `trim iops<TAB>27`. */
function metricsOf({ keys, place }: ResultFile, several: boolean): readonly Metric[] {
  return [...(keys ?? [])].flatMap(([key, text]) => {
    const match = /^(-?\d{1,15}(?:\.\d{1,9})?) ?([A-Za-z%/]{0,16})$/.exec(text)
    if (match === null || OWN_KEYS.has(key)) return []
    return [{ name: several && place !== '' ? `${place}: ${key}` : key, value: Number(match[1]), unit: match[2] ?? '' }]
  })
}
