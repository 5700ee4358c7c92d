import { join, resolve } from 'node:path'
import { Option } from 'commander'
import type { FailOn } from '../../domain/inputs.js'
import { mergeRuns } from '../../pipeline/merge-run.js'
import { runStamp } from '../../plan/make-plan.js'
import { prepare, recordJson, terminalText } from '../../report/index.js'
import type { AddCommand, CliContext } from '../context.js'
import { refuseTaken } from '../refuse-taken.js'

interface MergeCommandOptions {
  readonly output?: string
  readonly plan?: string
  readonly baseline?: string
  readonly failOn?: FailOn
  readonly json?: boolean
}

/** `vmtest merge DIR…`: one record of what shards left, with one verdict. */
export const mergeCommand: AddCommand = (program, context, finish) => {
  program
    .command('merge')
    .description('join the records of shards into one, with one verdict')
    .argument('<directories...>', 'the directories of the shards’ runs, or directories that hold them')
    .option('-o, --output <directory>', 'where the whole goes (default: a new directory below .vmtest/runs)')
    .option('--plan <path>', 'the plan that was handed out: it says what was promised where no record of a shard does')
    .option('--baseline <path>', 'compare with this record; default: the one handed out with the plan, or the one the plan names')
    .addOption(new Option('--fail-on <new|any|never>', 'as of `run`; default: as the plan has it').choices(['new', 'any', 'never']))
    .option('--json', 'print the record')
    .addHelpText('after', EXAMPLES)
    .action(async (directories: string[], options: MergeCommandOptions) => {
      finish(await merge(directories, options, context))
    })
}

const EXAMPLES = `
A shard that did not come, came twice, was cut or cancelled leaves its tests not reached: the whole then could not be tested, and says which.

Examples:
  vmtest merge shard-1 shard-2 shard-3
  vmtest merge artifacts --plan plan --output whole`

async function merge(directories: readonly string[], options: MergeCommandOptions, context: CliContext): Promise<number> {
  const { ports, places, stdout, stderr } = context
  const at = (path: string) => resolve(places.workingDirectory, path)
  const output = options.output === undefined ? await newRun(context) : at(options.output)
  await refuseTaken(output, context)
  const { report, exitCode } = await mergeRuns(
    {
      paths: directories.map(at),
      output,
      plan: options.plan === undefined ? null : at(options.plan),
      baseline: options.baseline === undefined ? null : at(options.baseline),
      failOn: options.failOn ?? null,
      artifactName: null,
      toolVersion: context.toolVersion,
      onNote: (message) => stderr.write(`${message}\n`),
    },
    ports,
  )
  if (options.json === true) for (const piece of recordJson(report.record)) stdout.write(piece)
  else {
    const files = { report: report.htmlPath, summary: report.summaryPath, JUnit: report.junitPath, record: report.recordPath }
    const colour = stdout.isTerminal && ports.runner.env.NO_COLOR === undefined ? 'always' : 'never'
    stdout.write(terminalText(prepare(report.record, report.comparison, {}), { colour, maxFailures: 20, directory: output, files }))
  }
  return exitCode
}

async function newRun({ places, ports }: CliContext): Promise<string> {
  const wanted = join(places.projectDirectory, '.vmtest', 'runs', runStamp(ports.clock.now()))
  for (let number = 1; ; number++) {
    const directory = number === 1 ? wanted : `${wanted}-${number}`
    if ((await ports.files.stat(directory)) === null) return directory
  }
}
