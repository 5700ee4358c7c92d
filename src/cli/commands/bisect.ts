import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import { describeError, UserError } from '../../domain/errors.js'
import type { Inputs } from '../../domain/inputs.js'
import { parseInputs } from '../../inputs/parse.js'
import { chooseFragments, guestFragments, mergeFragments, requestedConfig } from '../../kconfig/index.js'
import { buildKernel, builtCommits, type KernelBuildOptions, readFragments, treeName } from '../../kernel/index.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { checkBeforehand } from '../../pipeline/early-check.js'
import { kernelPartsOf, suiteOf } from '../../suites/index.js'
import { type BisectResult, type BisectStep, bisect } from '../../tools/bisect/bisect.js'
import { outcomeOfRun, type StepOutcome } from '../../tools/bisect/decide.js'
import { bisectInParallel } from '../../tools/bisect/parallel.js'
import { readEnds } from '../../tools/bisect/span.js'
import { type Commit, commitLine } from '../../tools/bisect/worktree.js'
import { guestArchitecture, shelfOf } from '../config-places.js'
import type { AddCommand, CliContext } from '../context.js'
import { EXIT } from '../exit-codes.js'
import { addInputOptions, rawInputs } from '../options.js'
import { runInputs } from './run.js'

/** Options of `vmtest bisect` beside those of a run, as commander gives them. */
interface BisectFlags {
  readonly good: string
  readonly bad: string
  readonly tree: string
  readonly config?: string
  readonly path: readonly string[]
  readonly make: readonly string[]
  readonly jobs?: string
  readonly makeJobs?: string
  readonly work?: string
  readonly verify: boolean
  readonly json?: boolean
}

/** `vmtest bisect`: finds the commit that broke a test. */
export const bisectCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('bisect')
    .description('find the commit that broke a test: git bisect in a worktree of its own, a build and a run at each step')
    .argument('<tests...>', 'tests such as generic/475; a commit is bad where one of them fails, crashes or times out')
  addBisectOptions(command)
  addInputOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  vmtest bisect --good v6.16 --bad HEAD --path fs/xfs --fstests ~/xfstests-dev -s xfs_4k generic/475',
    )
    .action(async (tests: string[], options: Record<string, unknown>) => {
      refuseUnsupportedPlatform(context.platform, context.architecture)
      const flags = options as unknown as BisectFlags
      // Each kernel is judged by itself: neither a baseline nor a policy may excuse a failure.
      const inputs = parseInputs('cli', { ...rawInputs(options, tests), 'fail-on': 'any' })
      finish(await runBisect(inputs, flags, context))
    })
}

function addBisectOptions(command: Command): void {
  const collect = (value: string, before: readonly string[]) => [...before, value]
  command
    .requiredOption('--good <revision>', 'a commit where the tests pass')
    .option('--bad <revision>', 'a commit where they do not', 'HEAD')
    .option('--tree <directory>', 'the kernel’s git tree; it is only read', '.')
    .option('--config <file>', 'the .config to build with; none: tinyconfig and the fragments of the sections (`vmtest config show`)')
    .option('--path <path>', 'look only at commits that touch it, such as fs/xfs (repeatable)', collect, [])
    .option('--make <argument>', 'further argument of make, such as LLVM=1 (repeatable)', collect, [])
    .option('--jobs <number>', 'commits built and tested at once, each in a worktree of its own (default: 1)')
    .option('--make-jobs <number>', 'make -j (default: the CPUs, shared among --jobs)')
    .option('--work <directory>', 'where the worktree, the objects and the results go (default: in the cache directory)')
    .option('--no-verify', 'do not test the good and the bad end first')
    .option('--json', 'print the result as JSON')
}

async function runBisect(inputs: Inputs, flags: BisectFlags, context: CliContext): Promise<number> {
  const { ports, places, stderr, stdout, signal } = context
  refuse(inputs, flags)
  const tree = resolve(places.workingDirectory, flags.tree)
  const work = flags.work === undefined ? workDirectory(tree, context) : resolve(places.workingDirectory, flags.work)
  const results = resultsDirectory(inputs, work, context)
  await refuseRuns(inputs, flags, { tree, results }, context)
  const build = await buildOptions(inputs, flags, work, context)
  stderr.write(`bisect: worktree and objects in ${work}, results in ${results}\n`)
  const jobs = Number(flags.jobs ?? '1')
  const onStep = (step: BisectStep) => void stderr.write(`${stepLine(step)}\n`)
  const onNote = (note: string) => void stderr.write(`bisect: ${note}\n`)
  const onResult = async (result: BisectResult) => {
    await ports.files.write(join(results, 'bisect.log'), result.log)
    const json = `${JSON.stringify(result, null, 2)}\n`
    await ports.files.write(join(results, 'bisect.json'), json)
    stdout.write(flags.json === true ? json : resultText(result, results))
    stderr.write(`bisect: taking ${jobs === 1 ? 'the worktree' : 'the worktrees'} away\n`)
  }
  const common = { tree, good: flags.good, bad: flags.bad, paths: flags.path, verifyEnds: flags.verify, signal, onStep, onNote, onResult }
  const tryAt = async ({ number, commit }: { readonly number: number; readonly commit: Commit }, own: typeof build) => {
    stderr.write(`\nbisect: step ${number}, ${commitLine(commit)}\n`)
    const directory = join(results, `${String(number).padStart(2, '0')}-${commit.hash.slice(0, 12)}`)
    return tryKernel({ number, inputs, directory, build: { ...own, commit: commit.hash, logFile: `${directory}.build.log` } }, context)
  }
  const result =
    jobs === 1
      ? await bisect(
          {
            ...common,
            ...{ worktreePath: build.source, builtCommits: await builtCommits(build.objects, ports) },
            tryCommit: (at) => tryAt(at, build),
          },
          ports,
        )
      : await bisectInParallel(
          {
            ...common,
            worktreePaths: Array.from({ length: jobs }, (_, runner) => runnersOwn(build, runner).source),
            tryCommit: (at) => tryAt(at, runnersOwn(build, at.runner)),
          },
          ports,
        )
  return exitCodeOf(result)
}

/** Each runner has a tree and objects of its own; ccache they share. */
function runnersOwn<T extends Pick<KernelBuildOptions, 'source' | 'objects'>>(build: T, runner: number): T {
  return { ...build, source: `${build.source}-${runner + 1}`, objects: `${build.objects}-${runner + 1}` }
}

/** What cannot be meant, before anything is built. */
function refuse(inputs: Inputs, flags: BisectFlags): void {
  if (inputs.kernel !== null) throw new UserError('`--kernel` is given, but bisect builds its kernels.', 'Leave it out.')
  for (const [option, value] of [['--jobs', flags.jobs] as const, ['--make-jobs', flags.makeJobs] as const]) {
    if (value === undefined || /^[1-9]\d{0,2}$/.test(value)) continue
    throw new UserError(`\`${option}\` is \`${value}\`, which is no number of jobs.`, 'Give a whole number from 1.')
  }
}

/** The same of what is asked of each run and of the search, now that it is known where they go. */
async function refuseRuns(
  inputs: Inputs,
  flags: BisectFlags,
  at: { readonly tree: string; readonly results: string },
  context: CliContext,
) {
  const { ports, places } = context
  if (flags.config !== undefined && (await ports.files.stat(resolve(places.workingDirectory, flags.config))) === null)
    throw new UserError(
      `\`--config\` is ${flags.config}, which is not there.`,
      'Correct the path; relative ones start at the working directory.',
    )
  await readEnds({ tree: at.tree, good: flags.good, bad: flags.bad, paths: flags.path }, ports)
  const kernelTree = { kind: 'tree', directory: at.tree } as const
  await checkBeforehand({ inputs: { ...inputs, kernelTree, outputDirectory: at.results }, places }, ports)
}

/** Builds the kernel and runs the tests on it by the ordinary line. */
async function tryKernel(
  options: { readonly number: number; readonly inputs: Inputs; readonly directory: string; readonly build: KernelBuildOptions },
  context: CliContext,
): Promise<StepOutcome> {
  const { number, inputs, directory, build } = options
  const kernel = await buildKernel(build, context.ports)
  switch (kernel.kind) {
    case 'cancelled':
      return { verdict: 'cancelled', reason: 'cancelled' }
    case 'failed':
      return { verdict: 'skip', reason: `does not build: ${kernel.reason}` }
    case 'built': {
      // Standard output is for the result alone.
      const quiet = { ...context, stdout: context.stderr }
      try {
        return outcomeOfRun(
          await runInputs({ ...inputs, kernel: kernelOf(kernel, inputs), kconfig: [], outputDirectory: directory }, quiet),
        )
      } catch (error) {
        // What was asked wrongly shows at the first commit. At a later one it is the commit that lacks something, such as an option.
        if (number === 1 || !(error instanceof UserError)) throw error
        return { verdict: 'skip', reason: describeError(error) }
      }
    }
  }
}

/** Tests that are the kernel's own are read off the whole of it. */
function kernelOf({ image, vmlinux }: { readonly image: string; readonly vmlinux: string }, { suites }: Inputs) {
  return suites.some((name) => suiteOf(name).ofKernel !== undefined) ? { image, vmlinux } : { image }
}

/** One place for each tree: its objects are worth keeping from one bisection to the next. */
function workDirectory(tree: string, { places }: CliContext): string {
  return join(places.cacheDirectory, 'bisect', treeName(tree))
}

function resultsDirectory(inputs: Inputs, work: string, { places, ports }: CliContext): string {
  if (inputs.outputDirectory !== '') return resolve(places.workingDirectory, inputs.outputDirectory)
  return join(
    work,
    'results',
    ports.clock
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replaceAll(':', ''),
  )
}

async function buildOptions(
  inputs: Inputs,
  flags: BisectFlags,
  work: string,
  context: CliContext,
): Promise<Omit<KernelBuildOptions, 'logFile' | 'commit'>> {
  const { places, ports } = context
  const shelf = await shelfOf(context)
  // A section of the flake's or of a local.config of the user's own has no fragments here: the usual ones are taken.
  const known = inputs.selection.sections.filter((name) => shelf.sections.some((section) => section.name === name))
  const parts = kernelPartsOf(inputs.suites)
  const at = { checkout: places.checkout, workspace: places.workingDirectory }
  const names = parts.tests === 'kernel' ? guestFragments(shelf) : known
  const own = await readFragments([...parts.fragments, ...inputs.kconfig], at, ports)
  const optionsOf = (fragments: Parameters<typeof mergeFragments>[0]) => requestedConfig(mergeFragments(fragments))
  return {
    source: join(work, 'source'),
    objects: join(work, 'build'),
    configuration:
      flags.config === undefined
        ? { kind: 'options', options: optionsOf([...chooseFragments(names, shelf), ...own]) }
        : { kind: 'file', path: resolve(places.workingDirectory, flags.config), options: optionsOf(own) },
    architecture: guestArchitecture(context),
    jobs:
      Number(flags.makeJobs ?? '') || Math.max(1, Math.floor(Number((await ports.exec.run(['nproc'])).stdout) / Number(flags.jobs ?? '1'))),
    makeArguments: flags.make,
    signal: context.signal,
  }
}

function stepLine({ number, commit, outcome }: BisectStep): string {
  return `bisect: step ${number}, ${commitLine(commit)}: ${outcome.verdict} (${outcome.reason})`
}

function resultText({ ending, steps, ...more }: BisectResult & { readonly rounds?: number }, results: string): string {
  const tried = `${steps.length} kernels tried${more.rounds === undefined ? '' : ` in ${more.rounds === 1 ? '1 round' : `${more.rounds} rounds`}`}; each one’s log and run are in ${results}`
  switch (ending.kind) {
    case 'found':
      return `The first bad commit is ${commitLine(ending.culprit)}\n\n${ending.description}\n${tried}\n`
    case 'inconclusive':
      return `Not found: only skipped commits are left. It is one of these:\n${ending.candidates.map((commit) => `  ${commitLine(commit)}\n`).join('')}${tried}\n`
    case 'cancelled':
      return `Cancelled. ${tried}\n`
  }
}

function exitCodeOf({ ending }: BisectResult): number {
  switch (ending.kind) {
    case 'found':
      return EXIT.passed
    case 'inconclusive':
      return EXIT.couldNotTest
    case 'cancelled':
      return EXIT.cancelled
  }
}
