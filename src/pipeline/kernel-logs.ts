import { join } from 'node:path'
import { testMarkers } from '../crash/index.js'
import type { RunRecord, TestRecord } from '../domain/record.js'
import type { TestId } from '../domain/test.js'
import { testKey } from '../domain/test-key.js'
import { isFailure } from '../domain/verdict.js'
import type { Ports } from '../ports/index.js'
import type { LogPart } from '../report/index.js'
import { suiteOf } from '../suites/index.js'

/** Lines kept from where a test starts, and from before it ends: what is between is in the log. */
const FIRST_LINES = 60
const LAST_LINES = 120
const LONGEST_LINE = 400
/** Attempts whose part of the log is shown. */
const MOST_PARTS = 400
/** Bytes of all consoles that are looked at: a report does not wait for a guest that printed without end. */
const MOST_BYTES = 256 * 1024 * 1024

/** What was logged from one test's start to the next one's. */
interface Part {
  readonly firstLine: number
  readonly head: string[]
  readonly tail: string[]
  left: number
}

/**
 * Reads, of each console that a failing attempt names, what the kernel logged while the test ran: from the line that says it starts to the one
 * that says the next does. What cannot be read is not shown.
 */
export async function readKernelLogs(
  record: Pick<RunRecord, 'tests' | 'guests'>,
  directory: string,
  { files }: Pick<Ports, 'files'>,
): Promise<(test: TestId, attempt: number) => LogPart | null> {
  const parts = new Map<string, LogPart>()
  let bytesLeft = MOST_BYTES
  for (const [path, tests] of testsByConsole(record)) {
    if (parts.size >= MOST_PARTS || bytesLeft <= 0) break
    try {
      const started = await partsOf({ path: join(directory, path), tests, mostBytes: bytesLeft }, files)
      bytesLeft -= started.bytes
      for (const test of tests) keepParts(test, path, started.parts.get(test.name) ?? [], parts)
    } catch {
      // A console that was not copied along: the report says where it would lie.
    }
  }
  return (test, attempt) => parts.get(partKey(test, attempt)) ?? null
}

const partKey = (test: TestId, attempt: number): string => `${testKey(test)}\n${attempt}`

function testsByConsole({ tests }: Pick<RunRecord, 'tests'>): ReadonlyMap<string, readonly TestRecord[]> {
  const byConsole = new Map<string, TestRecord[]>()
  for (const test of tests) {
    if (!isFailure(test.status)) continue
    for (const path of new Set(test.attempts.flatMap(({ logs }) => (isInside(logs.console) ? [logs.console] : []))))
      byConsole.set(path, [...(byConsole.get(path) ?? []), test])
  }
  return byConsole
}

/** A record may come from anywhere: it names no file outside its own directory. */
function isInside(path: string | undefined): path is string {
  return path !== undefined && path !== '' && !path.startsWith('/') && !path.split('/').includes('..')
}

/** The n-th attempt that names this console is the n-th start of the test in it. */
function keepParts(test: TestRecord, path: string, started: readonly Part[], parts: Map<string, LogPart>): void {
  let start = 0
  for (const [index, { logs }] of test.attempts.entries()) {
    if (logs.console !== path) continue
    const part = started[start]
    start += 1
    if (part !== undefined && parts.size < MOST_PARTS) parts.set(partKey(test, index), { firstLine: part.firstLine, lines: linesOf(part) })
  }
}

function linesOf({ head, tail, left }: Part): readonly string[] {
  return left === 0 ? [...head, ...tail] : [...head, `[… ${left} ${left === 1 ? 'line' : 'lines'} left out …]`, ...tail]
}

interface Reading {
  readonly path: string
  readonly tests: readonly TestRecord[]
  readonly mostBytes: number
}

async function partsOf({ path, tests, mostBytes }: Reading, files: Ports['files']): Promise<{ bytes: number; parts: Map<string, Part[]> }> {
  const wanted = new Set(tests.map(({ name }) => name))
  const startedTest = testMarkers([...new Set(tests.map(({ suite }) => suiteOf(suite).marker))])
  const parts = new Map<string, Part[]>()
  let current: Part | null = null
  let number = 0
  const take = (line: string): void => {
    number += 1
    const start = startedTest(line.slice(0, 4096))
    if (start !== null) {
      current = wanted.has(start.name) ? { firstLine: number, head: [], tail: [], left: 0 } : null
      if (current !== null) parts.set(start.name, [...(parts.get(start.name) ?? []), current])
    }
    if (current !== null) addLine(current, line.slice(0, LONGEST_LINE))
  }
  const bytes = await eachLine(path, { mostBytes, take }, files)
  return { bytes, parts }
}

function addLine(part: Part, line: string): void {
  if (part.head.length < FIRST_LINES) {
    part.head.push(line)
    return
  }
  part.tail.push(line)
  if (part.tail.length <= LAST_LINES) return
  part.tail.shift()
  part.left += 1
}

/** A line that never ends is cut, so that memory holds little of it. */
const LONGEST_PENDING = 64 * 1024

async function eachLine(
  path: string,
  { mostBytes, take }: { readonly mostBytes: number; readonly take: (line: string) => void },
  files: Pick<Ports['files'], 'stream' | 'stat'>,
): Promise<number> {
  // A link could lead out of the directory.
  if ((await files.stat(path))?.kind !== 'file') return 0
  const decoder = new TextDecoder()
  let pending = ''
  let bytes = 0
  for await (const chunk of files.stream(path)) {
    bytes += chunk.length
    const lines = `${pending}${decoder.decode(chunk, { stream: true })}`.split('\n')
    pending = (lines.pop() ?? '').slice(0, LONGEST_PENDING)
    for (const line of lines) take(line)
    if (bytes >= mostBytes) break
  }
  if (pending !== '') take(pending)
  return bytes
}
