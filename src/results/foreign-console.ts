import { createClassifier, testMarkers } from '../crash/index.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { TestName } from '../domain/test.js'
import type { Suite, TreeReader } from '../suites/index.js'

/** A test's start in a kernel log, by its suite's marker. */
export interface ForeignStart {
  readonly name: TestName
  /** By the guest's clock: `2026-11-23T09:48:09`; null where the marker does not say it. */
  readonly at: string | null
}

/** A report, and which start of its log came last before it; null: none did. */
export interface ForeignReport {
  readonly report: KernelReport
  readonly start: ForeignStart | null
}

/** What the kernel logs beside results made elsewhere tell. */
export interface ForeignConsole {
  /** The names of the files in the directory. */
  readonly paths: readonly string[]
  readonly reports: readonly ForeignReport[]
  /** In the order they started, of each log. */
  readonly started: readonly (readonly ForeignStart[])[]
}

/** What people call the kernel's log that they keep beside results: `console.log`, `serial-console.txt`, `dmesg`, `dmesg.full.log`… */
const CONSOLE_NAME = /^(?:(?:serial|vm|qemu|guest|net)-?)?(?:console|serial|dmesg|kernel)(?:[._-](?:log|txt|out|full|after|end)){0,3}$/
const mostLogs = 8

const mostBytes = 128 * 1024 * 1024

/**
 * Reads the kernel's logs of a directory of results made elsewhere; null where there is none. They may tell of the same events (a serial console and
 * what `dmesg` kept): a report of the same title under the same test is not counted again. Reports' lines count in their own file.
 * @param names of the logs, in the directory; default: whatever is called like one
 */
export async function readForeignConsole(
  files: TreeReader,
  directory: string,
  suite: Suite,
  names?: readonly string[],
): Promise<ForeignConsole | null> {
  const logs: { path: string; reports: readonly ForeignReport[]; started: readonly ForeignStart[] }[] = []
  for (const path of names ?? (await consolesIn(files, directory))) {
    const entry = await files.stat(`${directory}/${path}`)
    if (entry?.kind !== 'file') continue
    const bytes = await files.readBytes(`${directory}/${path}`, { offset: 0, length: Math.min(entry.sizeBytes, mostBytes) })
    logs.push({ path, ...classifyConsole(new TextDecoder().decode(bytes), suite) })
  }
  if (logs.length === 0) return null
  const reports: ForeignReport[] = []
  for (const log of logs) {
    const known = new Set(reports.map(eventKey))
    reports.push(...log.reports.filter((report) => !known.has(eventKey(report))))
  }
  return { paths: logs.map(({ path }) => path), reports, started: logs.map(({ started }) => started) }
}

/** The serial console first, because only it has the end. */
async function consolesIn(files: TreeReader, directory: string): Promise<readonly string[]> {
  const names = await files.list(directory).catch(() => [])
  const found = names.filter((name) => CONSOLE_NAME.test(name))
  return [...found.filter((name) => !name.includes('dmesg')), ...found.filter((name) => name.includes('dmesg'))].slice(0, mostLogs)
}

const eventKey = ({ report, start }: ForeignReport): string => JSON.stringify([start?.name ?? null, start?.at ?? null, report.title])

function classifyConsole(text: string, suite: Suite): { reports: readonly ForeignReport[]; started: readonly ForeignStart[] } {
  const classifier = createClassifier({ programs: true, suites: [suite] })
  const startedTest = testMarkers([suite.marker])
  const reports: KernelReport[] = []
  const starts: { readonly start: ForeignStart; readonly line: number }[] = []
  for (const [index, line] of text.split('\n').entries()) {
    const start = startedTest(line)
    if (start !== null) starts.push({ start, line: index + 1 })
    reports.push(...classifier.line(line))
  }
  reports.push(...classifier.end())
  return { reports: withStarts(reports, starts), started: starts.map(({ start }) => start) }
}

/** One pass over both: a log may hold many of either. */
function withStarts(
  reports: readonly KernelReport[],
  starts: readonly { readonly start: ForeignStart; readonly line: number }[],
): ForeignReport[] {
  let next = 0
  const inOrder = [...reports].sort((left, right) => left.firstLine - right.firstLine)
  return inOrder.map((report) => {
    while ((starts[next]?.line ?? Number.POSITIVE_INFINITY) <= report.firstLine) next += 1
    return { report, start: starts[next - 1]?.start ?? null }
  })
}
