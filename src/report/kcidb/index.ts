import { createHash } from 'node:crypto'
import type { RunRecord, TestRecord } from '../../domain/record.js'
import { architectureOfRecord } from './architecture.js'
import { levelOf, pathOf } from './path.js'
import { statusOf } from './status.js'

/** KCIDB's form of an origin is `[a-z0-9_]+`: the product's name with a hyphen is refused. */
export const KCIDB_ORIGIN = 'kernel_vmtest'

/** The schema of KernelCI's reports that is written: github.com/kernelci/kcidb-io, `V05_03`. */
const VERSION = { major: 5, minor: 3 } as const

/** What the caller knows of the kernel's source beside the record. */
export interface KcidbSource {
  /** As `isKcidbRepository` takes it; another address is left out. */
  readonly repository?: string | undefined
  readonly branch?: string | undefined
}

/** True for an address that KCIDB takes for a repository: a URI that begins with `https://` and has a host. */
export function isKcidbRepository(address: string): boolean {
  return /^https:\/\/[^\s\0"<>\\^`{|}]+$/.test(address) && URL.canParse(address)
}

/** A record that may say which commit its kernel was built from. */
type SourcedRecord = RunRecord & { readonly kernelCommit?: string | undefined }

/** A report as KCIDB 5.3 has it; `jq .tests[].status` of it counts as the record does, by `statusOf`. */
export interface KcidbReport {
  readonly version: typeof VERSION
  readonly checkouts: readonly Readonly<Record<string, unknown>>[]
  readonly builds: readonly Readonly<Record<string, unknown>>[]
  readonly tests: readonly Readonly<Record<string, unknown>>[]
}

/**
 * A record as KernelCI's database takes it. Ids are made as kci-dev makes them, so that runs of one commit share its checkout. A section
 * that could not be tested is one test that did not run (MISS); a run whose kernel does not build is a failed build without tests.
 */
export function kcidbReport(record: SourcedRecord, source: KcidbSource = {}): KcidbReport {
  const checkout = checkoutOf(record, source)
  const build = buildOf(record, checkout.id)
  const isBuilt = record.conclusion.kind !== 'build-failed'
  return {
    version: VERSION,
    checkouts: [checkout],
    builds: [build],
    tests: isBuilt ? [...record.tests.flatMap((test) => testsOf(test, record, build.id)), ...missedSections(record, build.id)] : [],
  }
}

function checkoutOf(record: SourcedRecord, source: KcidbSource) {
  const commit = /^[0-9a-f]{40}$/.test(record.kernelCommit ?? '') ? record.kernelCommit : undefined
  const repository = isKcidbRepository(source.repository ?? '') ? source.repository : undefined
  // Without a commit nothing says that two runs are of one source: the run itself is its name then.
  const seed = commit === undefined ? `${record.runId}||` : `${repository ?? ''}|${source.branch ?? ''}|${commit}|`
  return {
    id: `${KCIDB_ORIGIN}:ck-${sha256(seed)}`,
    origin: KCIDB_ORIGIN,
    start_time: record.startedAt,
    valid: true,
    ...(commit === undefined ? {} : { git_commit_hash: commit, patchset_hash: '' }),
    ...(repository === undefined ? {} : { git_repository_url: repository }),
    ...(source.branch === undefined ? {} : { git_repository_branch: clean(source.branch) }),
  }
}

function buildOf(record: RunRecord, checkout: string) {
  const architecture = architectureOfRecord(record)
  const release = record.sections.find((section) => section.kernelRelease !== null)?.kernelRelease ?? record.revisions.kernel
  const seed = [checkout, architecture ?? '', '', '', record.startedAt].join('|')
  return {
    id: `${KCIDB_ORIGIN}:b-${sha256(seed)}`,
    origin: KCIDB_ORIGIN,
    checkout_id: checkout,
    start_time: record.startedAt,
    ...statusOfBuild(record),
    ...(architecture === null ? {} : { architecture }),
    ...(release === undefined ? {} : { comment: clean(`Linux ${release}`) }),
    ...(record.conclusion.kind === 'build-failed' ? { log_excerpt: excerpt(record.conclusion.reason) } : {}),
  }
}

/** Of a run that ended before anything was booted nobody knows whether its kernel builds: such a build has no status. */
function statusOfBuild({ conclusion, guests, tests }: RunRecord): { readonly status?: 'PASS' | 'FAIL' } {
  if (conclusion.kind === 'build-failed') return { status: 'FAIL' }
  const isBooted = guests.length > 0 || tests.some(({ attempts }) => attempts.length > 0)
  return isBooted ? { status: 'PASS' } : {}
}

/** A test's name in an id, where colons separate: `a:1` is not the first result within `a`. */
function nameInId(name: string): string {
  return clean(name).replace(/[%:]/g, encodeURIComponent)
}

/** A test, and each result within it a level deeper: their names repeat, so their place is in the id. */
function testsOf(test: TestRecord, record: RunRecord, build: string) {
  const whole = testOf(test, record, build)
  const parts = (test.attempts.at(-1)?.subtests ?? []).map(({ name, status, message }, index) => ({
    id: `${whole.id}:${index + 1}`,
    origin: KCIDB_ORIGIN,
    build_id: build,
    path: [whole.path, levelOf(name) || String(index + 1)].join('.'),
    status: statusOf({ status, attempts: [] }),
    ...(message === null ? {} : { log_excerpt: excerpt(message) }),
    environment: whole.environment,
  }))
  return [whole, ...parts]
}

function testOf(test: TestRecord, record: RunRecord, build: string) {
  const last = test.attempts.at(-1)
  const message = test.attempts.find((attempt) => attempt.status === test.status)?.message ?? test.reason
  return {
    id: `${KCIDB_ORIGIN}:${clean(record.runId)}:${test.suite}:${test.section}:${nameInId(test.name)}`,
    origin: KCIDB_ORIGIN,
    build_id: build,
    path: pathOf(test.suite, test.name),
    status: statusOf(test),
    ...(last?.startedAt == null ? {} : { start_time: last.startedAt }),
    ...(last?.durationSeconds == null ? {} : { duration: last.durationSeconds }),
    ...(message === null ? {} : { log_excerpt: excerpt(message) }),
    environment: environmentOf(record, test.section),
    misc: {
      status: test.status,
      ...(test.flaky ? { flaky: true } : {}),
      ...(test.expectedFailure === null ? {} : { expected_failure: test.expectedFailure.reason }),
    },
  }
}

/** The section is not in a test's path: paths are compared across CI systems, and no other has our sections. */
function environmentOf(record: RunRecord, section: string) {
  const accelerator = record.accelerator?.accelerator
  return {
    comment: accelerator === undefined ? 'QEMU' : `QEMU, ${accelerator}`,
    misc: { section, ...(accelerator === undefined ? {} : { accelerator }) },
  }
}

function missedSections(record: RunRecord, build: string) {
  return record.sections
    .filter((section) => section.couldNotTest !== null)
    .map((section) => ({
      id: `${KCIDB_ORIGIN}:${clean(record.runId)}:${section.suite}:${section.name}`,
      origin: KCIDB_ORIGIN,
      build_id: build,
      path: pathOf(section.suite, section.name),
      status: 'MISS',
      log_excerpt: excerpt(section.couldNotTest ?? ''),
      environment: environmentOf(record, section.name),
    }))
}

/** KCIDB keeps 16 KiB of a log; no text of it may hold a NUL. */
const LONGEST_EXCERPT = 16 * 1024

function excerpt(text: string): string {
  // Half of a character is none, and cannot be written as UTF-8.
  return clean(text)
    .slice(0, LONGEST_EXCERPT)
    .replace(/[\ud800-\udbff]$/, '')
}

function clean(text: string): string {
  return text.replaceAll('\0', '\ufffd')
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
