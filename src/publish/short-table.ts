import type { TestRecord } from '../domain/record.js'
import type { Report } from '../domain/stages.js'
import { countsAsFailure } from '../domain/verdict.js'

/** More would bury the log's end, which is what is read first. */
const MOST_LINES = 30

/**
 * The report in a few lines, for a server that shows no job summary: counts by status and what failed or was not reached, one test a line. Text of
 * the guest is in it.
 */
export function shortTable({ record, comparison }: Report): string {
  const { tests, conclusion } = record
  const counts = Object.entries(conclusion.counts).filter(([, count]) => count > 0)
  const known = new Set((comparison?.knownFailures ?? []).map(nameOf))
  const wrong = tests.filter((test) => countsAsFailure(test) || test.status === 'notreached')
  const width = Math.max(0, ...wrong.slice(0, MOST_LINES).map((test) => nameOf(test).length))
  const lines = wrong.slice(0, MOST_LINES).map((test) => {
    const reason = (test.reason ?? '').split('\n')[0] ?? ''
    return `  ${nameOf(test).padEnd(width)}  ${test.status}${known.has(nameOf(test)) ? ' (known)' : ''}${reason === '' ? '' : `  ${reason}`}`
  })
  return [
    `${conclusion.kind}: ${conclusion.reason}`,
    `  ${counts.length === 0 ? 'no tests' : counts.map(([status, count]) => `${count} ${status}`).join(', ')}`,
    ...lines,
    ...(wrong.length > MOST_LINES ? [`  … and ${wrong.length - MOST_LINES} more; the report has all`] : []),
  ].join('\n')
}

function nameOf({ section, name }: Pick<TestRecord, 'section' | 'name'>): string {
  return `${section} ${name}`
}
