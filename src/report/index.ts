import type { RunRecord } from '../domain/record.js'
import type { Comparison, Report } from '../domain/stages.js'
import type { SuiteName } from '../domain/test.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import type { Ports } from '../ports/index.js'
import { annotationsOf } from './annotations.js'
import { prepare, type ReportContext } from './context.js'
import { htmlPage } from './html/index.js'
import { type JunitDialect, junitXml } from './junit.js'
import { recordJson } from './record-json.js'
import { summaryMarkdown } from './summary/index.js'
import { writePieces } from './write-file.js'

export { annotationsOf } from './annotations.js'
export type { Place } from './bucket.js'
export { type EarlierRun, type HistoryPoint, type LogPart, prepare, type Rendered, type ReportContext } from './context.js'
export { htmlPage } from './html/index.js'
export { type JunitDialect, junitXml } from './junit.js'
export { isKcidbRepository, type KcidbReport, kcidbReport } from './kcidb/index.js'
export { mailHeaders, mailText } from './mail/index.js'
export { recordJson } from './record-json.js'
export { INDEX_GENERATOR, indexPage, type RunSummary, summarizeRun, TestTable } from './runs-index/index.js'
export { summaryMarkdown } from './summary/index.js'
export { type TerminalOptions, terminalText } from './terminal.js'
export { writePieces } from './write-file.js'

/** UTF-8 bytes of evidence kept of one test in the JUnit file; the log's path stands where it is cut. */
const JUNIT_TEST_BYTES = 64 * 1024

export interface ReportOptions extends ReportContext {
  /** The run's directory: log paths in the record are relative to it, and the renderings go there. */
  readonly directory: string
  /** Default `annotated`. */
  readonly junitDialect?: JunitDialect
  /** Files the pull request changes, relative to the repository; absent or null where that is not known. */
  readonly changedFiles?: readonly string[] | null
  /** Where the sources of each suite lie in the repository (`''` for its root), where they do. */
  readonly sourceDirectories?: Readonly<Record<SuiteName, string>>
}

/** The files a report consists of, by their names in the run's directory. */
export const REPORT_FILES = { record: 'run.json', junit: 'junit.xml', summary: 'summary.md', html: 'report.html' } as const

/**
 * Writes run.json, junit.xml, summary.md and report.html into the run's directory. The record goes first: whatever
 * happens after, nothing is lost.
 * @throws what the file system throws: a full disk, a missing directory's parent
 */
export async function writeReport(
  record: RunRecord,
  comparison: Comparison | null,
  options: ReportOptions,
  ports: Pick<Ports, 'files'>,
): Promise<Report> {
  const { files } = ports
  const path = (name: string) => `${withoutTrailing(options.directory, '/')}/${name}`
  const sourceDirectories = options.sourceDirectories ?? {}
  await files.makeDirectory(options.directory)
  await writePieces(files, path(REPORT_FILES.record), recordJson(record))
  const rendered = prepare(record, comparison, options)
  const junit = { dialect: options.junitDialect ?? 'annotated', maxTestBytes: JUNIT_TEST_BYTES, sourceDirectories } as const
  await writePieces(files, path(REPORT_FILES.junit), junitXml(record, rendered.placement, junit))
  const summary = summaryMarkdown(rendered)
  await files.write(path(REPORT_FILES.summary), summary)
  await writePieces(files, path(REPORT_FILES.html), htmlPage(rendered))
  return {
    record,
    comparison,
    recordPath: path(REPORT_FILES.record),
    junitPath: path(REPORT_FILES.junit),
    summaryPath: path(REPORT_FILES.summary),
    htmlPath: path(REPORT_FILES.html),
    summaryMarkdown: summary,
    annotations: annotationsOf(rendered, { changedFiles: options.changedFiles ?? null, sourceDirectories }),
  }
}
