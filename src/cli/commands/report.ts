import { basename, dirname, resolve } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { RunRecord } from '../../domain/record.js'
import { exitCode } from '../../domain/verdict.js'
import { readNamedRecord } from '../../pipeline/baseline.js'
import { readKernelLogs } from '../../pipeline/kernel-logs.js'
import { readHistory } from '../../pipeline/record-shelf.js'
import {
  htmlPage,
  isKcidbRepository,
  type JunitDialect,
  junitXml,
  kcidbReport,
  mailHeaders,
  mailText,
  prepare,
  recordJson,
  summaryMarkdown,
  terminalText,
  writePieces,
  writeReport,
} from '../../report/index.js'
import { comparisonOf, conclude, emptyHistory, pastVerdicts, withCompared } from '../../results/index.js'
import type { AddCommand, CliContext } from '../context.js'
import { readRun } from '../read-run.js'
import { writeIndex } from '../report-index.js'

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
  readonly history?: string
  readonly mail?: boolean
  readonly index?: string
}

const JUNIT_TEST_BYTES = 64 * 1024

/** `vmtest report DIR`: renders a run again, or any directory that fstests' check left. */
export const reportCommand: AddCommand = (program, context, finish) => {
  program
    .command('report')
    .description('render a run’s record again, or read results that a suite left elsewhere')
    .argument('[directory]', 'a run’s directory, an artifact, fstests’ RESULT_BASE, or a log of run_kselftest.sh or of KTAP')
    .option('--json', 'print the record')
    .option('--junit <file>', 'write JUnit XML')
    .option('--dialect <annotated|jenkins>', 'dialect of the JUnit file; jenkins passes the Jenkins schema', 'annotated')
    .option('--html <file>', 'write the HTML page')
    .option('--summary <file>', 'write the Markdown summary')
    .option('--kcidb <file>', "write a report for KernelCI's database (schema 5.3)")
    .option('--kcidb-repository <url>', 'with --kcidb: where the kernel under test is published, https://…')
    .option('--kcidb-branch <name>', 'with --kcidb: its branch there')
    .option('--baseline <run.json>', 'compare with this record, or the directory it is in')
    .option('--history <history.json>', 'earlier verdicts to show; default, for a run below .vmtest/runs: those beside it')
    .option('--mail', 'print it as a plain-text mail to a list, 72 columns wide, and nothing else')
    .option(
      '--index <directory>',
      'write index.html for all the runs below this directory into it: over time, per section, what broke when',
    )
    .addHelpText(
      'after',
      '\nA run of ours (a directory with `run.json` or `plan.json`, a copy or an unpacked artifact too) is also rendered again into its own directory. What a suite left elsewhere is only read.',
    )
    .action(async (directory: string | undefined, options: ReportCommandOptions) => {
      if (options.index !== undefined) await index(options.index, context)
      if (directory !== undefined) finish(await report(resolve(context.places.workingDirectory, directory), options, context))
      else if (options.index === undefined)
        throw new UserError(
          'No run is named.',
          'Give its directory: `vmtest report .vmtest/runs/TIME`; or `--index` with a directory of many.',
        )
    })
}

async function index(directory: string, { ports, places, stdout, stderr }: CliContext): Promise<void> {
  const { path, runs, problems } = await writeIndex(directory, places.workingDirectory, ports)
  for (const problem of problems.slice(0, 20)) stderr.write(`not read: ${problem}\n`)
  stdout.write(`${path}: ${runs} ${runs === 1 ? 'run' : 'runs'}\n`)
}

/** Left out in silence it would be missing from every report that is submitted. */
function refuseRepository(address: string | undefined): void {
  if (address === undefined || isKcidbRepository(address)) return
  throw new UserError(
    `\`--kcidb-repository\` is \`${address}\`, and KCIDB takes only an address that begins with \`https://\`.`,
    'Give one that anybody can clone, such as https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git, or leave it out.',
  )
}

async function report(directory: string, options: ReportCommandOptions, context: CliContext): Promise<number> {
  const { ports, stdout, places } = context
  const { files } = ports
  refuseRepository(options.kcidbRepository)
  const recorded = await readRun(directory, context)
  const at = (path: string) => resolve(places.workingDirectory, path)
  const baseline = options.baseline === undefined ? null : await readNamedRecord(at(options.baseline), ports)
  const compared = baseline === null ? recorded : withCompared(recorded, baseline)
  // Without another baseline the one that it was compared with stays: what it excused is in the record.
  const comparison = comparisonOf(compared)
  // Anew, whatever the file says: who can write the record's end can write what it came to.
  const record = { ...compared, conclusion: conclude(compared, comparison, compared.plan.failOn) }
  const seen = {
    baseline,
    history: await earlierVerdicts(record, directory, options, context),
    kernelLog: await readKernelLogs(record, directory, ports),
  }
  const rendered = prepare(record, comparison, seen)
  const written: Record<string, string> = {}
  if (await isOwnRun(directory, context)) {
    const own = await writeReport(record, comparison, { directory, ...seen }, ports)
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
  if (options.mail === true) stdout.write(mailHeaders(rendered) + mailText(rendered))
  else if (options.json === true) for (const piece of recordJson(record)) stdout.write(piece)
  else {
    const below = (await files.stat(directory))?.kind === 'file' ? dirname(directory) : directory
    const columns = stdout.isTerminal ? { columns: stdout.columns } : {}
    const colour = stdout.isTerminal && ports.runner.env.NO_COLOR === undefined ? 'always' : 'never'
    stdout.write(terminalText(rendered, { colour, maxFailures: 20, directory: below, files: written, ...columns }))
  }
  return exitCode(record.conclusion, record.plan.failOn)
}

/** What the run's project remembers of the runs before it; a history that cannot be read only makes the report know less. */
async function earlierVerdicts(
  record: RunRecord,
  directory: string,
  { history }: ReportCommandOptions,
  { ports, places, stderr }: CliContext,
) {
  const { files } = ports
  const given = history === undefined ? null : resolve(places.workingDirectory, history)
  if (given !== null && (await files.stat(given)) === null)
    throw new UserError(`There is no history at ${given}.`, 'It is written by `vmtest run`, as `.vmtest/history.json`.')
  // A run that lies elsewhere, such as an artifact, has another past than what ran here.
  const isHere = basename(dirname(directory)) === 'runs' && basename(resolve(directory, '../..')) === '.vmtest'
  const path = given ?? (isHere ? resolve(directory, '../../history.json') : null)
  const problems: string[] = []
  const found = path === null ? emptyHistory : await readHistory(path, problems, files)
  for (const problem of problems) stderr.write(`${problem}\n`)
  return pastVerdicts(found, { timeoutFactor: record.accelerator?.timeoutFactor ?? 1, runId: record.runId, startedAt: record.startedAt })
}

async function isOwnRun(directory: string, { ports }: CliContext): Promise<boolean> {
  for (const file of ['run.json', 'plan.json']) if ((await ports.files.stat(`${directory}/${file}`)) !== null) return true
  return false
}
