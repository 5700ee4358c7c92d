import type { Inputs } from '../../domain/inputs.js'
import type { Tested } from '../../domain/origin.js'
import type { Report } from '../../domain/stages.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { openRun } from '../../pipeline/open-run.js'
import { runPipeline } from '../../pipeline/run-pipeline.js'
import { prepare, terminalText } from '../../report/index.js'
import { type ProgressOutput, withProgress } from '../../report/progress-view.js'
import { timeSpent } from '../../report/time-spent.js'
import type { AddCommand, CliContext } from '../context.js'
import { addSelectionOptions, selectionInputs } from '../selection-options.js'

/** `vmtest run`, which is also what `vmtest` alone does. */
export const runCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('run', { isDefault: true })
    .description('boot the VM and run tests (the default command)')
    .argument('[tests...]', "tests such as generic/001 or 'xfs/00?'")
  addSelectionOptions(command)
    .addHelpText('after', EXAMPLES)
    .action(async (tests: string[], options: Record<string, unknown>) => {
      finish(await runInputs(await selectionInputs(options, tests, context), context))
    })
}

const EXAMPLES = `
Examples:
  vmtest run                                               the working directory's flake
  vmtest run -s xfs_4k -g quick -x dangerous
  vmtest run --fstests ~/xfstests-dev generic/001 'xfs/00?'
  vmtest run --changed -s xfs_4k
  vmtest run --kernel arch/x86/boot/bzImage --vms 2 -s ext4`

export interface RunOptions {
  /** `short`: of a run that passed only its directory is named, for a reader who sees one after the other. */
  readonly paths?: 'all' | 'short'
  /** Of a run that tries something out: what that is, how it is run again, and that later runs are told nothing of it. */
  readonly trial?: { readonly tested: Tested; readonly reproduce: (command: string) => string }
  /** Given the report, once it is written. */
  readonly onReport?: (report: Report) => Promise<void>
}

/**
 * Carries out a run and prints its verdict.
 * @returns the exit code
 */
export async function runInputs(inputs: Inputs, context: CliContext, { paths = 'all', trial, onReport }: RunOptions = {}): Promise<number> {
  const { ports, places, stderr, stdout, signal } = context
  refuseUnsupportedPlatform(context.platform, context.architecture)
  const run = await openRun({ inputs, places, ...(trial === undefined ? {} : { reproduce: trial.reproduce }) }, ports)
  const output: ProgressOutput = { live: stderr.isTerminal, columns: stderr.columns, write: (text) => stderr.write(text) }
  const reading = context.readRecord === undefined ? {} : { readRecord: context.readRecord }
  const trying = trial === undefined ? {} : { tested: trial.tested, remembers: false }
  const { report, exitCode, seconds } = await withProgress(output, ports.clock, (onProgress) =>
    runPipeline(
      { inputs, run, places, toolVersion: context.toolVersion, signal, onProgress, onReceipt: () => undefined, ...reading, ...trying },
      ports,
    ),
  )
  await onReport?.(report)
  const spent = timeSpent(report.record, seconds)
  if (spent !== '') stderr.write(`${spent}\n`)
  stdout.write(
    terminalText(prepare(report.record, report.comparison, {}), {
      colour: stdout.isTerminal && ports.runner.env.NO_COLOR === undefined ? 'always' : 'never',
      maxFailures: 20,
      directory: run.directory,
      ...(stdout.isTerminal ? { columns: stdout.columns } : {}),
      files: {
        ...(paths === 'short' ? (exitCode === 0 ? {} : { report: report.htmlPath }) : filesOf(report)),
        logs: run.directory,
      },
    }),
  )
  return exitCode
}

function filesOf(report: Report): Readonly<Record<string, string>> {
  return { report: report.htmlPath, summary: report.summaryPath, JUnit: report.junitPath, record: report.recordPath }
}
