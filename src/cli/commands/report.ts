import { dirname, resolve } from 'node:path'
import { exitCode } from '../../domain/verdict.js'
import {
  htmlPage,
  type JunitDialect,
  junitXml,
  kcidbReport,
  prepare,
  recordJson,
  summaryMarkdown,
  terminalText,
  writePieces,
  writeReport,
} from '../../report/index.js'
import { comparisonOf, conclude, parseRecord, withCompared } from '../../results/index.js'
import type { AddCommand, CliContext } from '../context.js'
import { readRun } from '../read-run.js'

interface ReportCommandOptions {
  readonly json?: boolean
  readonly junit?: string
  readonly dialect: JunitDialect
  readonly html?: string
  readonly summary?: string
  readonly kcidb?: string
  readonly kcidbRepository?: string
  readonly kcidbBranch?: string
  readonly baseline?: string
}

const JUNIT_TEST_BYTES = 64 * 1024

/** `vmtest report DIR`: renders a run again, or any directory that fstests' check left. */
export const reportCommand: AddCommand = (program, context, finish) => {
  program
    .command('report')
    .description('render a run’s record again, or read results that a suite left elsewhere')
    .argument('<directory>', 'a run’s directory, an artifact, fstests’ RESULT_BASE, or a log of run_kselftest.sh or of KTAP')
    .option('--json', 'print the record')
    .option('--junit <file>', 'write JUnit XML')
    .option('--dialect <annotated|jenkins>', 'dialect of the JUnit file; jenkins passes the Jenkins schema', 'annotated')
    .option('--html <file>', 'write the HTML page')
    .option('--summary <file>', 'write the Markdown summary')
    .option('--kcidb <file>', "write a report for KernelCI's database (schema 5.3)")
    .option('--kcidb-repository <url>', 'with --kcidb: where the kernel under test is published, https://…')
    .option('--kcidb-branch <name>', 'with --kcidb: its branch there')
    .option('--baseline <run.json>', 'compare with this record')
    .addHelpText('after', '\nA run of ours is also rendered again into its own directory. What a suite left elsewhere is only read.')
    .action(async (directory: string, options: ReportCommandOptions) => {
      finish(await report(resolve(context.places.workingDirectory, directory), options, context))
    })
}

async function report(directory: string, options: ReportCommandOptions, context: CliContext): Promise<number> {
  const { ports, stdout, places } = context
  const { files } = ports
  const recorded = await readRun(directory, context)
  const at = (path: string) => resolve(places.workingDirectory, path)
  const baseline = options.baseline === undefined ? null : parseRecord(await files.readText(at(options.baseline)), options.baseline)
  const compared = baseline === null ? recorded : withCompared(recorded, baseline)
  const comparison = comparisonOf(compared)
  // Anew, whatever the file says: who can write the record's end can write what it came to.
  const record = { ...compared, conclusion: conclude(compared, comparison, compared.plan.failOn) }
  const rendered = prepare(record, comparison, { baseline })
  const written: Record<string, string> = {}
  if (await isOwnRun(directory, context)) {
    const own = await writeReport(record, comparison, { directory, baseline }, ports)
    Object.assign(written, { report: own.htmlPath, summary: own.summaryPath, JUnit: own.junitPath, record: own.recordPath })
  }
  if (options.junit !== undefined) {
    const junit = { dialect: options.dialect, maxTestBytes: JUNIT_TEST_BYTES, sourceDirectories: {} }
    await writePieces(files, at(options.junit), junitXml(record, rendered.placement, junit))
    written.JUnit = at(options.junit)
  }
  if (options.html !== undefined) {
    await writePieces(files, at(options.html), htmlPage(rendered))
    written.report = at(options.html)
  }
  if (options.summary !== undefined) {
    await files.write(at(options.summary), summaryMarkdown(rendered))
    written.summary = at(options.summary)
  }
  if (options.kcidb !== undefined) {
    const { kcidbRepository: repository, kcidbBranch: branch } = options
    await files.write(at(options.kcidb), `${JSON.stringify(kcidbReport(record, { repository, branch }), null, 2)}\n`)
    written.KCIDB = at(options.kcidb)
  }
  if (options.json === true) for (const piece of recordJson(record)) stdout.write(piece)
  else {
    const below = (await files.stat(directory))?.kind === 'file' ? dirname(directory) : directory
    const colour = stdout.isTerminal ? 'always' : 'never'
    stdout.write(terminalText(rendered, { colour, maxFailures: 20, directory: below, files: written }))
  }
  return exitCode(record.conclusion, record.plan.failOn)
}

async function isOwnRun(directory: string, { ports }: CliContext): Promise<boolean> {
  return (await ports.files.stat(`${directory}/plan.json`)) !== null
}
