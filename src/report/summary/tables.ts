import type { RunRecord, TestRecord } from '../../domain/record.js'
import { settingWords } from '../../domain/section.js'
import { sectionKey, sectionName, testKey } from '../../domain/test-key.js'
import type { Place } from '../bucket.js'
import { decidingAttempt } from '../buckets.js'
import type { Rendered } from '../context.js'
import { shortLine } from '../foreign-text.js'
import { describeTimeSplit } from '../time-spent.js'
import type { Detail } from './detail.js'
import { bytes, code, details, duration, prose, table } from './markdown.js'

const secondsOf = (test: TestRecord): number => decidingAttempt(test)?.durationSeconds ?? 0

/** One row for a section: what it is and what became of its tests. */
export function sectionsTable(rendered: Rendered, detail: Detail): string {
  const { record, placement } = rendered
  if (record.sections.length === 0) return ''
  const tally = new Map<string, { places: Map<Place, number>; seconds: number }>()
  for (const { test, place } of placement.tests) {
    const key = sectionKey(test)
    const own = tally.get(key) ?? { places: new Map<Place, number>(), seconds: 0 }
    own.places.set(place, (own.places.get(place) ?? 0) + 1)
    own.seconds += secondsOf(test)
    tally.set(key, own)
  }
  const rows = record.sections.slice(0, detail.sections).map((section) => {
    const own = tally.get(sectionKey({ suite: section.suite, section: section.name }))
    const at = (...places: Place[]) => String(places.reduce((sum, place) => sum + (own?.places.get(place) ?? 0), 0))
    const [[, kind] = ['', ''], ...rest] = settingWords(section)
    const options = rest.flatMap(([, value]) => (value === '' ? [] : [value])).join(' · ')
    return [
      code(shortLine(sectionName({ suite: section.suite, section: section.name }, record), 80)),
      `${code(kind)}${options === '' ? '' : ` ${code(shortLine(options, 120))}`}`,
      section.kernelRelease === null ? 'none came up' : code(shortLine(section.kernelRelease, 80)),
      at('pass', 'stale'),
      at('new'),
      at('known'),
      at('flaky'),
      at('xfail'),
      at('notrun', 'expunged'),
      at('notreached'),
      duration(own?.seconds ?? 0),
    ]
  })
  const left = record.sections.length - rows.length
  const fresh = placement.compared ? 'new:' : 'failed:'
  const head = ['section', 'file system', 'kernel', 'passed:', fresh, 'known:', 'flaky:', 'xfail:', 'not run:', 'not reached:', 'time:']
  return `### Sections\n\n${table(head, rows)}${left > 0 ? `and ${left} more\n\n` : ''}`
}

/** The tests that took longest, with the baseline's time where it is known. */
export function slowest(rendered: Rendered, detail: Detail): string {
  const tests = rendered.record.tests.map((test) => ({ test, seconds: secondsOf(test) })).filter(({ seconds }) => seconds > 0)
  if (tests.length === 0) return ''
  tests.sort((left, right) => right.seconds - left.seconds)
  const before = new Map(rendered.baseline?.tests.map((test) => [testKey(test), secondsOf(test)]))
  const rows = tests.slice(0, Math.min(20, detail.listed)).map(({ test, seconds }) => {
    const earlier = before.get(testKey(test))
    const row = [code(shortLine(test.name, 120)), code(sectionName(test, rendered.record)), duration(seconds)]
    return rendered.baseline === null ? row : [...row, earlier ? duration(earlier) : '']
  })
  const total = tests.reduce((sum, { seconds }) => sum + seconds, 0)
  const head = rendered.baseline === null ? ['test', 'section', 'time:'] : ['test', 'section', 'time:', 'baseline:']
  const wall = (Date.parse(rendered.record.endedAt) - Date.parse(rendered.record.startedAt)) / 1000
  const clock = Number.isFinite(wall) ? `, ${duration(wall)} on the clock` : ''
  return details(`Slowest tests; ${duration(total)} in tests${clock}`, table(head, rows))
}

/** Where it ran: accelerator and why, settings, VMs, host, revisions. */
export function surroundings(rendered: Rendered, detail: Detail): string {
  const { record } = rendered
  const rows: string[][] = []
  if (record.accelerator !== null) {
    const { accelerator, requested, reason, timeoutFactor } = record.accelerator
    const factor = timeoutFactor === 1 ? '' : ` Time limits are multiplied by ${timeoutFactor}.`
    rows.push(['accelerator', `${code(accelerator)} (asked for ${code(requested)}): ${prose(shortLine(reason, 500))}${factor}`])
  }
  for (const [name, value] of Object.entries(record.settings).slice(0, detail.sentences)) {
    rows.push([`setting ${code(shortLine(name, 80))}`, code(shortLine(value, 200))])
  }
  rows.push(['VMs', `${record.guests.length} started`])
  if (record.time !== undefined) rows.push(['time', describeTimeSplit(record.time)])
  rows.push(['host', `${prose(hostLine(record))}`])
  for (const [name, revision] of Object.entries(record.revisions).slice(0, detail.sentences)) {
    rows.push([`revision ${code(shortLine(name, 80))}`, code(shortLine(revision, 200))])
  }
  rows.push(['vmtest', `${code(record.tool.version)}, run ${code(shortLine(record.runId, 120))}`])
  return details(`Ran on ${record.accelerator?.accelerator ?? 'no accelerator'}; host and revisions`, table(['what', 'value'], rows))
}

function hostLine({ host }: RunRecord): string {
  const memory = bytes(host.memoryMiB * 1024 * 1024)
  return `${shortLine(host.os, 120)}, ${shortLine(host.architecture, 40)}, Linux ${shortLine(host.kernelRelease, 80)}, ${host.cpus} CPUs, ${memory}`
}

/** What each cache layer cost and gave. */
export function cacheLedger(rendered: Rendered, detail: Detail): string {
  const entries = rendered.record.cache
  if (entries.length === 0) return ''
  const seconds = (value: number | null) => (value === null ? '' : duration(value))
  const rows = entries
    .slice(0, detail.sentences)
    .map((entry) => [
      code(shortLine(entry.layer, 80)),
      entry.outcome,
      entry.bytes === null ? '' : bytes(entry.bytes),
      seconds(entry.restoreSeconds),
      seconds(entry.saveSeconds),
      seconds(entry.savedSeconds),
      prose(shortLine(entry.detail, 200)),
    ])
  const spared = entries.reduce((sum, entry) => sum + (entry.savedSeconds ?? 0), 0)
  const head = ['layer', 'outcome', 'size:', 'restore:', 'save:', 'spared:', 'detail']
  return details(`Caches${spared > 0 ? ` spared ${duration(spared)}` : ''}`, table(head, rows))
}
