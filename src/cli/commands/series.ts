import { join, resolve } from 'node:path'
import { UserError } from '../../domain/errors.js'
import type { Inputs } from '../../domain/inputs.js'
import type { Report } from '../../domain/stages.js'
import { parseInputs } from '../../inputs/parse.js'
import { treeName } from '../../kernel/index.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { checkBeforehand } from '../../pipeline/early-check.js'
import { ownFragments } from '../../plan/kernel-tree.js'
import { runStamp } from '../../plan/make-plan.js'
import { shellWord } from '../../plan/reproduce.js'
import { mailHeaders, mailText, prepare } from '../../report/index.js'
import { compareSeries, type SeriesRun } from '../../tools/series/compare-series.js'
import { treeAtHand } from '../config-places.js'
import type { AddCommand, CliContext } from '../context.js'
import { addInputOptions, rawInputs } from '../options.js'
import { runInputs } from './run.js'

const MAIL_FILE = 'mail.txt'

/** What `vmtest series` works with. */
interface Setting {
  readonly inputs: Inputs
  readonly mailbox: string
  readonly tree: string
  readonly base: string | null
  /** Where the worktree and what belongs to it go. */
  readonly work: string
  readonly results: string
}

/** `vmtest series MBOX`: what a patch series breaks. */
export const seriesCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('series')
    .description('apply a patch series to its base in a worktree, build and test both, and say what the series breaks')
    .argument('<mbox>', 'the series: a mailbox or a thread (`b4 mbox MSGID`, `git format-patch --stdout`)')
    .argument('[tests...]', "tests such as generic/001 or 'xfs/00?'")
    .option('--base <revision>', 'the commit to apply it to; default: what the series says (base-commit), else what is checked out')
    .option('--work <directory>', 'where the worktree goes (default: in the cache directory)')
  addInputOptions(command)
    .addHelpText(
      'after',
      '\nA series is code: building it runs its Makefiles as you.\n\nExample:\n  b4 mbox 20261124.1-dev@example.org && vmtest series 20261124.1-dev@example.org.mbx -s xfs -g quick',
    )
    .action(async (mailbox: string, tests: string[], options: Record<string, unknown>) => {
      refuseUnsupportedPlatform(context.platform, context.architecture)
      const inputs = parseInputs('cli', rawInputs(options, tests))
      finish(await runSeries(await settingOf(inputs, mailbox, options, context), context))
    })
}

async function settingOf(
  inputs: Inputs,
  mailbox: string,
  options: Readonly<Record<string, unknown>>,
  context: CliContext,
): Promise<Setting> {
  const { places, ports } = context
  const text = (name: string) => (typeof options[name] === 'string' ? (options[name] as string) : null)
  if (inputs.kernel !== null || inputs.kernelTree.kind === 'none')
    throw new UserError('A kernel is given, but series builds its kernels from the tree.', 'Leave `--kernel` and `--kernel-tree none` out.')
  const tree = await treeAtHand(inputs.kernelTree.kind === 'tree' ? inputs.kernelTree.directory : undefined, context)
  const work = text('work')
  const stamp = runStamp(ports.clock.now())
  return {
    inputs: { ...inputs, kconfig: [...(await ownFragments(tree, ports.files)), ...inputs.kconfig] },
    mailbox: resolve(places.workingDirectory, mailbox),
    tree,
    base: text('base'),
    work: work === null ? join(places.cacheDirectory, 'series', treeName(tree)) : resolve(places.workingDirectory, work),
    results:
      inputs.outputDirectory === ''
        ? join(places.projectDirectory, '.vmtest/series', stamp)
        : resolve(places.workingDirectory, inputs.outputDirectory),
  }
}

async function runSeries(setting: Setting, context: CliContext): Promise<number> {
  const { ports, stderr, stdout, signal } = context
  const { inputs, work, results, tree, base, mailbox } = setting
  const asRun = { ...inputs, kernelTree: { kind: 'tree', directory: tree }, outputDirectory: results } as const
  const exitCode = await compareSeries(
    {
      ...{ tree, mailbox, base, signal },
      worktreePath: join(work, 'source'),
      scratch: await ports.files.makeTemporary(context.places.temporaryDirectory, 'vmtest-series-'),
      baseIsKnown: inputs.baseline !== null,
      onNote: (note) => stderr.write(`series: ${note}\n`),
      checkRuns: () => checkBeforehand({ inputs: asRun, places: context.places }, ports),
      run: (run) => oneRun(run, setting, context),
    },
    ports,
  )
  const mail = join(results, MAIL_FILE)
  if ((await ports.files.stat(mail)) !== null) stdout.write(`mail     ${mail}\n`)
  return exitCode
}

async function oneRun(run: SeriesRun, { inputs, results, mailbox, tree }: Setting, context: CliContext): Promise<number> {
  const { ports, stderr } = context
  const { which, source, base, series } = run
  stderr.write(`\nseries: the ${which}\n`)
  const reproduce = (command: string) =>
    command
      .replace('vmtest run', () => ['vmtest', 'series', mailbox, '--base', base.hash].map(shellWord).join(' '))
      .replace(`--kernel-tree ${shellWord(source)}`, () => `--kernel-tree ${shellWord(tree)}`)
  const asked: Inputs = { ...inputs, kernelTree: { kind: 'tree', directory: source }, outputDirectory: join(results, which) }
  const trial = { tested: { tree, ...(series === null ? {} : { series }) }, reproduce }
  if (series === null) {
    // What it fails is no news: it is told where the series is compared with it. Standard output is for the series.
    return runInputs({ ...asked, failOn: 'any', baseline: null }, { ...context, stdout: stderr }, { paths: 'short', trial })
  }
  const onReport = async (report: Report) => {
    const rendered = prepare(report.record, report.comparison)
    await ports.files.write(join(results, MAIL_FILE), mailHeaders(rendered) + mailText(rendered))
  }
  return runInputs({ ...asked, baseline: inputs.baseline ?? join(results, 'base') }, context, { trial, onReport })
}
