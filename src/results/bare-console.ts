import { createClassifier } from '../crash/index.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { TestName } from '../domain/test.js'
import type { TreeReader } from '../suites/fstests/index.js'

/** A test's start in a kernel log, by the marker `check` writes. */
export interface BareStart {
  readonly name: TestName
  /** By the guest's clock: `2026-11-23T09:48:09`. */
  readonly at: string
}

/** A report, and which start of its log came last before it; null: none did. */
export interface BareReport {
  readonly report: KernelReport
  readonly start: BareStart | null
}

/** What the kernel logs beside bare results tell. */
export interface BareConsole {
  /** The names of the files in the directory. */
  readonly paths: readonly string[]
  readonly reports: readonly BareReport[]
  /** In the order they started, of each log. */
  readonly started: readonly (readonly BareStart[])[]
}

/** Where people keep the kernel's log beside results; the serial console first, because only it has the end. */
const consoleNames = ['console.log', 'console.txt', 'serial.log', 'dmesg.txt', 'dmesg'] as const

const mostBytes = 128 * 1024 * 1024

const markerPattern = /run fstests (\S{1,200}\/\d{3}\S{0,200}) at (\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)/

/**
 * Reads the kernel's logs of a bare results directory; null where there is none. They may tell of the same events (a serial console and
 * what `dmesg` kept): a report of the same title under the same test is not counted again. Reports' lines count in their own file.
 */
export async function readBareConsole(files: TreeReader, directory: string): Promise<BareConsole | null> {
  const logs: { path: string; reports: readonly BareReport[]; started: readonly BareStart[] }[] = []
  for (const path of consoleNames) {
    const entry = await files.stat(`${directory}/${path}`)
    if (entry?.kind !== 'file') continue
    const bytes = await files.readBytes(`${directory}/${path}`, { offset: 0, length: Math.min(entry.sizeBytes, mostBytes) })
    logs.push({ path, ...classifyConsole(new TextDecoder().decode(bytes)) })
  }
  if (logs.length === 0) return null
  const reports: BareReport[] = []
  for (const log of logs) {
    const known = new Set(reports.map(eventKey))
    reports.push(...log.reports.filter((report) => !known.has(eventKey(report))))
  }
  return { paths: logs.map(({ path }) => path), reports, started: logs.map(({ started }) => started) }
}

const eventKey = ({ report, start }: BareReport): string => JSON.stringify([start?.name ?? null, start?.at ?? null, report.title])

function classifyConsole(text: string): { reports: readonly BareReport[]; started: readonly BareStart[] } {
  const classifier = createClassifier({ programs: true })
  const reports: KernelReport[] = []
  const starts: { readonly start: BareStart; readonly line: number }[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const [, name, day, time] = markerPattern.exec(line) ?? []
    if (name !== undefined) starts.push({ start: { name, at: `${day}T${time}` }, line: index + 1 })
    reports.push(...classifier.line(line))
  }
  reports.push(...classifier.end())
  const before = (line: number) => starts.findLast((each) => each.line <= line)?.start ?? null
  return { reports: reports.map((report) => ({ report, start: before(report.firstLine) })), started: starts.map(({ start }) => start) }
}
