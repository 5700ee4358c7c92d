import { createClassifier } from '../crash/index.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { TestName } from '../domain/test.js'
import type { TreeReader } from '../suites/fstests/index.js'

/** What a console log beside bare results tells. */
export interface BareConsole {
  /** The file's name in the directory. */
  readonly path: string
  readonly reports: readonly KernelReport[]
  /** Tests in the order they started. */
  readonly started: readonly TestName[]
}

/** Where people keep the kernel's log beside results; the serial console first, because only it has the end. */
const consoleNames = ['console.log', 'console.txt', 'serial.log', 'dmesg.txt', 'dmesg'] as const

const mostBytes = 128 * 1024 * 1024

const markerPattern = /run fstests (\S+\/\d{3}\S*) at \d{4}-\d\d-\d\d/

/** Reads the console log of a bare results directory; null where there is none. */
export async function readBareConsole(files: TreeReader, directory: string): Promise<BareConsole | null> {
  for (const path of consoleNames) {
    const entry = await files.stat(`${directory}/${path}`)
    if (entry?.kind !== 'file') continue
    const bytes = await files.readBytes(`${directory}/${path}`, { offset: 0, length: Math.min(entry.sizeBytes, mostBytes) })
    return { path, ...classifyConsole(new TextDecoder().decode(bytes)) }
  }
  return null
}

function classifyConsole(text: string): Pick<BareConsole, 'reports' | 'started'> {
  const classifier = createClassifier({ programs: true })
  const reports: KernelReport[] = []
  const started: TestName[] = []
  for (const line of text.split('\n')) {
    const name = markerPattern.exec(line)?.[1]
    if (name !== undefined) started.push(name)
    reports.push(...classifier.line(line))
  }
  reports.push(...classifier.end())
  return { reports, started }
}
