import { createHash } from 'node:crypto'
import { dirname, join } from 'node:path'
import { enclosingKernelTree, findKernelTree } from '../bundle/index.js'
import { localDirectory } from '../cache/index.js'
import {
  type ChangedSource,
  type CoverageOutcome,
  DIFF_WORDS,
  type FileChange,
  lcovText,
  parseDiff,
  readCoverage,
} from '../coverage/index.js'
import type { Coverage } from '../domain/coverage.js'
import { UserError } from '../domain/errors.js'
import type { Plan } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import type { Built } from '../domain/stages.js'
import type { VmRun } from '../domain/vm-run.js'
import type { Ports } from '../ports/index.js'
import { GUEST_USER } from '../vm/index.js'
import { type ChangeBase, changeBase, upstreamOf } from './change-base.js'
import type { Directories } from './directories.js'
import type { ObtainOptions } from './obtain-bundle.js'
import { gitIn, readCheckout } from './situation.js'

/** Under this name the trace file lies in the run's directory. */
export const LCOV_FILE = 'coverage.lcov'

/** What a run is to count, decided before anything is built. */
export interface CoverageAim {
  /** Directories that are compiled with counters; empty: the change is in none. */
  readonly directories: readonly string[]
  /** What a kernel of that tree is built of, where another builds it: SHA-256 by file. Empty where its own make does. */
  readonly compared: Readonly<Record<string, string>>
  readonly change: Pick<Coverage, 'base' | 'commit' | 'isDirty'> & { readonly sources: readonly ChangedSource[] }
  /** For people: what is counted, and why. */
  readonly note: string
}

type AimPorts = Pick<Ports, 'exec' | 'files' | 'runner'>

/**
 * What of the kernel tree is to be counted: the directories named, and those the change is in. Null where nothing was asked for.
 * @throws UserError where no kernel of a tree at hand is compiled, or where the change cannot be compared with anything
 */
export async function aimCoverage(plan: Plan, places: Directories, ports: AimPorts): Promise<CoverageAim | null> {
  const { coverage } = plan
  if (coverage === undefined) return null
  const tree = plan.kernelTree?.directory ?? (await treeOfFlake(plan, places, ports.files))
  for (const directory of coverage.directories) await requireDirectory(tree, directory, ports)
  const base = await baseOf(plan, tree, ports)
  const changes = base === null ? [] : await changesSince(base.commit, tree, ports)
  const ofChange = coverage.ofChange ? await directoriesOf(changes, tree, ports) : []
  const directories = withoutInner([...coverage.directories, ...ofChange])
  const { commit, isDirty } = await readCheckout(gitIn(tree, ports))
  const change = { base, commit, isDirty, sources: await sourcesOf(changes, tree, ports) }
  const compared = plan.kernelTree === undefined ? await sums(tree, directories, changes, ports.files) : {}
  return { directories, compared, change, note: noteOf(directories, base, changes) }
}

/** What a build is told of it. */
export function countingOf(aim: CoverageAim | null): Pick<ObtainOptions, 'coverageOf' | 'coverageSources'> {
  return aim === null || aim.directories.length === 0 ? {} : { coverageOf: aim.directories, coverageSources: aim.compared }
}

/** The tree whose kernel the flake builds: the one it lies in, or beside it as `linux`, or that of the project. @throws UserError */
async function treeOfFlake(plan: Plan, places: Directories, files: Ports['files']): Promise<string> {
  const { bundle } = plan
  const isCommand = plan.face === 'cli'
  const nextStep = isCommand
    ? 'Name the tree with `--kernel-tree DIRECTORY`, or leave `--coverage` away.'
    : 'Set `kernel-tree`, or leave `coverage` at `never`.'
  const refused = (why: string) => new UserError(`Coverage is of a kernel that is compiled with counters, and ${why}.`, nextStep)
  if (plan.kernel !== null) throw refused(`this run boots one that is given (${isCommand ? '`--kernel`' : '`kernel`'})`)
  if (bundle.kind === 'path') throw refused(`this run boots that of a bundle that is given (${bundle.path})`)
  if (bundle.kind === 'offline') throw refused('the offline bundle has the distribution’s')
  const flake = localDirectory(bundle.flake, places.workingDirectory)
  const found =
    (flake === null ? null : ((await enclosingKernelTree(flake, files)) ?? (await findKernelTree(flake, files)))) ??
    (await findKernelTree(places.projectDirectory, files))
  if (found !== null) return found
  const where = flake ?? places.projectDirectory
  throw new UserError(
    `Coverage is of the kernel tree that the flake builds, and ${where} neither lies in one nor holds one as \`linux\`.`,
    isCommand ? 'Run it in the tree, or name the tree with `--kernel-tree DIRECTORY`: its own make builds it then.' : nextStep,
  )
}

/** What shows that a kernel is of this tree: what changed in those directories, and what says how they are made. */
async function sums(
  tree: string,
  directories: readonly string[],
  changes: readonly FileChange[],
  files: Ports['files'],
): Promise<Readonly<Record<string, string>>> {
  const isIn = (file: string) => directories.some((directory) => file.startsWith(`${directory}/`))
  const changed = changes.flatMap(({ file }) => (isSource(file) && isIn(file) ? [file] : []))
  const found: Record<string, string> = {}
  for (const file of ['Makefile', ...directories.flatMap((each) => [`${each}/Makefile`, `${each}/Kbuild`]), ...changed]) {
    const bytes = await files.readBytes(join(tree, file)).catch(() => null)
    if (bytes !== null) found[file] = createHash('sha256').update(bytes).digest('hex')
  }
  return found
}

async function requireDirectory(tree: string, directory: string, { files }: AimPorts): Promise<void> {
  const kind = directory.startsWith('/') ? null : (await files.stat(join(tree, directory)))?.kind
  if (kind === 'directory' && (await hasMakefile(join(tree, directory), files))) return
  throw new UserError(
    kind === 'directory'
      ? `${directory} has no Makefile of its own in ${tree}: what compiles its files is a directory above it.`
      : `There is no directory ${directory} in ${tree}.`,
    'Name directories from the tree’s top, with `--coverage-of fs/xfs`.',
  )
}

async function hasMakefile(directory: string, files: Ports['files']): Promise<boolean> {
  return (await files.stat(join(directory, 'Makefile'))) !== null || (await files.stat(join(directory, 'Kbuild'))) !== null
}

/** Where only directories are named, a change is shown where it can be had. */
async function baseOf({ coverage }: Plan, tree: string, ports: AimPorts): Promise<ChangeBase | null> {
  const upstream = upstreamOf(coverage?.upstream ?? null, ports.runner.env)
  const asked = changeBase({ upstream, tree, what: '--coverage' }, ports)
  return coverage?.ofChange === true || (coverage?.upstream ?? null) !== null ? asked : asked.catch(() => null)
}

/** The change of the tree as it lies there, uncommitted and new files included, or of another commit (`to`). @throws UserError where git cannot say it */
export async function changesSince(
  commit: string,
  tree: string,
  ports: Pick<Ports, 'exec' | 'files'>,
  to?: string,
): Promise<readonly FileChange[]> {
  const git = gitIn(tree, ports)
  const diff = await git(...DIFF_WORDS, commit, ...(to === undefined ? [] : [to]), '--', '.')
  if (diff.code !== 0) throw new UserError(`git cannot compare ${tree} with ${commit}.`, 'Try `git diff` there.')
  if (to !== undefined) return parseDiff(diff.stdout)
  const listed = await git('ls-files', '--others', '--exclude-standard', '-z', '--', '*.c', '*.h')
  const fresh: FileChange[] = []
  for (const file of listed.stdout.split('\0').filter((name) => name !== '')) {
    const added = linesOf(await ports.files.readText(join(tree, file)).catch(() => ''))
    fresh.push({ file, oldFile: null, hunks: [{ oldStart: 0, oldCount: 0, newStart: 1, added }] })
  }
  return [...parseDiff(diff.stdout), ...fresh]
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n')
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines
}

const isSource = (name: string | null): name is string => name !== null && /\.[ch]$/.test(name)

/** What Kbuild calls the directory of an object: the nearest with a Makefile of its own. */
async function directoriesOf(changes: readonly FileChange[], tree: string, { files }: AimPorts): Promise<readonly string[]> {
  const found = new Set<string>()
  for (const { file } of changes) {
    // Headers for all of the kernel are compiled everywhere.
    if (!isSource(file) || /^(?:include|arch\/[^/]+\/include|tools|scripts|Documentation|samples)\//.test(file)) continue
    let at = dirname(file)
    while (at !== '.' && !(await hasMakefile(join(tree, at), files))) at = dirname(at)
    if (at !== '.') found.add(at)
  }
  return [...found]
}

/** A directory stands for those below it. */
function withoutInner(directories: readonly string[]): readonly string[] {
  const all = [...new Set(directories)].sort()
  return all.filter((each) => !all.some((other) => each.startsWith(`${other}/`)))
}

async function sourcesOf(changes: readonly FileChange[], tree: string, { files }: AimPorts): Promise<readonly ChangedSource[]> {
  const sources: ChangedSource[] = []
  for (const change of changes) {
    if (!isSource(change.file)) continue
    sources.push({ change, lines: linesOf(await files.readText(join(tree, change.file)).catch(() => '')) })
  }
  return sources
}

function noteOf(directories: readonly string[], base: ChangeBase | null, changes: readonly FileChange[]): string {
  const since = base === null ? '' : ` (${changes.length} changed ${changes.length === 1 ? 'file' : 'files'} since ${base.name})`
  return directories.length === 0
    ? `coverage: nothing that changed is compiled in a directory of its own${since}; name one with \`coverage-of\``
    : `coverage: ${directories.join(', ')} compiled with counters${since}`
}

/** The record with what its tests ran, whose trace file lies beside it then. */
export async function withCoverage(
  record: RunRecord,
  run: {
    readonly aim: CoverageAim
    readonly built: NonNullable<Built['coverage']>
    readonly vmRun: VmRun
    readonly runDirectory: string
    readonly temporaryDirectory: string
    readonly signal: AbortSignal
  },
  ports: Pick<Ports, 'exec' | 'files'>,
): Promise<RunRecord> {
  const user = { uid: GUEST_USER, gid: GUEST_USER, groups: [] }
  const given = { built: run.built, change: run.aim.change, batches: run.vmRun.batches, user }
  const { runDirectory, temporaryDirectory, signal } = run
  const read = readCoverage({ ...given, runDirectory, temporaryDirectory, signal }, ports)
  const outcome = await read.catch((error: unknown): Pick<CoverageOutcome, 'problems'> & { coverage: null } => ({
    coverage: null,
    problems: [`Coverage could not be read: ${String(error).slice(0, 300)}.`],
  }))
  const problems = [...record.problems, ...outcome.problems]
  if (outcome.coverage === null) return { ...record, problems }
  await ports.files.write(join(runDirectory, LCOV_FILE), lcovText(outcome.tally))
  return { ...record, problems, coverage: outcome.coverage }
}
