import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Progress } from '../domain/stages.js'
import type { ConfigFragment } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import { type Compiler, chooseCompiler } from './compiler.js'
import { type Configured, type Configuring, configure, readFragments, usualFragments } from './configure.js'
import { COVERAGE_FRAGMENT, requireGcc, requirePlainDirectory, withCounters } from './coverage-flags.js'
import { type Holder, holdingTree } from './hold-tree.js'
import { chooseTarget, isBuiltInPlace, isKernelTree, type KernelTarget, objectDirectory } from './layout.js'
import { type MakeSetting, makePrefix } from './make.js'

type TreePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

export interface KernelTreeRequest {
  /** The kernel's source tree. Nothing is written into it. */
  readonly directory: string
  /** What the fragments are merged onto: a file, or a target of the tree such as `defconfig`. Null: `tinyconfig`. */
  readonly config: string | null
  /** Further fragments: names of nix/kconfig, files, or options. */
  readonly kconfig: readonly string[]
  /** `kernel`: no test but the kernel's own will run, and the kernel is built without what others need. Absent: `outside`. */
  readonly tests?: 'outside' | 'kernel'
  /** What else is to be merged, after those: what the suites built of the tree ask for. */
  readonly fragments?: readonly ConfigFragment[]
  /** Directories of the tree, relative to it, that are compiled with counters (gcov). Absent: none. */
  readonly coverageOf?: readonly string[]
  /** This project's own checkout: the fragments are there. */
  readonly checkout: string
  readonly cacheDirectory: string
  /** Annotated paths are relative to it; relative fragment files too. */
  readonly workspace: string
  /** Where make's whole output goes. */
  readonly logPath?: string
  /** Ends the build. */
  readonly signal?: AbortSignal
  /** Who asks, for those that have to wait: `config edit`. Absent: a run without a directory. */
  readonly who?: string
  readonly onProgress?: (progress: Progress) => void
}

/** As whom a request works in the tree's object directory. */
export function holderOf({ who = 'a run', signal, onProgress = () => undefined }: KernelTreeRequest): Holder {
  return { who, onProgress, ...(signal === undefined ? {} : { signal }) }
}

/** A tree ready for `make`. */
export interface ConfiguredTree {
  readonly setting: MakeSetting
  readonly target: KernelTarget
  readonly compiler: Compiler
  /** What was merged, in order. */
  readonly fragments: readonly ConfigFragment[]
  readonly configured: Configured
}

/** How `make` is called for it. */
export type TreeSetting = Pick<ConfiguredTree, 'setting' | 'target' | 'compiler'>

/**
 * Refuses a tree that cannot be built, before anything else takes time.
 * @throws UserError as `configureKernelTree` does
 */
export async function checkKernelTree(directory: string, ports: Pick<Ports, 'exec' | 'files' | 'runner'>): Promise<void> {
  await refuseUnbuildable(
    await realTree(directory, ports),
    { ...(await targetOfMachine(ports)), compiler: await chooseCompiler(ports) },
    ports,
  )
}

/**
 * How `make` is called for a tree, its objects beside it.
 * @throws UserError as `configureKernelTree` does
 */
export async function treeSetting(
  request: Pick<KernelTreeRequest, 'directory' | 'cacheDirectory' | 'signal' | 'coverageOf'>,
  ports: TreePorts,
): Promise<TreeSetting> {
  const tree = await realTree(request.directory, ports)
  const { target, isForeign } = await targetOfMachine(ports)
  const compiler = await chooseCompiler(ports)
  await refuseUnbuildable(tree, { target, isForeign, compiler }, ports)
  const objects = objectDirectory(request.cacheDirectory, tree, isForeign ? target.architecture : null)
  await ports.files.makeDirectory(objects)
  const setting: MakeSetting = {
    ...{ tree, objects, variables: [...(isForeign ? [`ARCH=${target.arch}`] : []), ...compiler.variables], jobs: await cpus(ports) },
    prefix: await makePrefix(objects, ports.exec),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  }
  const { coverageOf = [] } = request
  if (coverageOf.length === 0) return { setting, target, compiler }
  for (const directory of coverageOf) requirePlainDirectory(directory)
  await requireGcc(compiler, ports)
  return { setting: withCounters(setting, coverageOf), target, compiler }
}

/**
 * The tree's configuration in its object directory, made anew where what it is made of changed.
 * @throws UserError `usage` (no kernel tree, built in place), `could-not-test` (no compiler), `build-failed` where it cannot be configured
 */
export async function configureKernelTree(request: KernelTreeRequest, ports: TreePorts): Promise<ConfiguredTree> {
  const given = await treeSetting(request, ports)
  return holdingTree(given.setting.objects, holderOf(request), ports, () => configureHeldTree(request, given, ports))
}

/** The same where the object directory is held already. @throws UserError as `configureKernelTree` does */
export async function configureHeldTree(
  request: KernelTreeRequest,
  { setting, target, compiler }: TreeSetting,
  ports: TreePorts,
): Promise<ConfiguredTree> {
  const named = await readFragments([...usualFragments(target.fragment, request.tests), ...request.kconfig], request, ports)
  const counters = (request.coverageOf ?? []).length === 0 ? [] : [COVERAGE_FRAGMENT]
  const fragments = [...named, ...(request.fragments ?? []), ...counters]
  const configured = await configure({ setting, base: baseOf(request), fragments, compiler: compiler.description }, ports)
  return { setting, target, compiler, fragments, configured }
}

async function realTree(directory: string, ports: Pick<Ports, 'files'>): Promise<string> {
  const tree = await ports.files.realPath(directory).catch(() => null)
  if (tree !== null && (await isKernelTree(tree, ports.files))) return tree
  throw new UserError(`${directory} is not a kernel's source tree.`, 'Give the directory that holds the kernel’s Kbuild and MAINTAINERS.')
}

/**
 * What trees are built for here.
 * @throws UserError for an architecture no guest is made for
 */
export async function targetOfMachine({ exec, runner }: Pick<Ports, 'exec' | 'runner'>): Promise<ReturnType<typeof chooseTarget>> {
  return chooseTarget((await exec.run(['uname', '-m'])).stdout.trim(), runner.env.ARCH)
}

async function refuseUnbuildable(
  tree: string,
  { target, isForeign, compiler }: { readonly target: KernelTarget; readonly isForeign: boolean; readonly compiler: Compiler },
  { exec, files, runner }: Pick<Ports, 'exec' | 'files' | 'runner'>,
): Promise<void> {
  const { CROSS_COMPILE = '', LLVM = '', CC = '' } = runner.env
  if (isForeign && CROSS_COMPILE === '' && LLVM === '' && CC === '') {
    const triple = `${target.architecture}-linux-gnu`
    throw new UserError(
      `ARCH is ${runner.env.ARCH}, and no compiler for it is named: the machine's own makes no such kernel.`,
      `Set \`CROSS_COMPILE=${triple}-\` (\`apt-get install gcc-${triple.replace('_', '-')}\`), or \`LLVM=1\`.`,
    )
  }
  if (await isBuiltInPlace(tree, target.arch, files)) {
    throw new UserError(
      `The kernel in ${tree} was built in place, and such a tree cannot be built beside it (the kernel's own rule).`,
      `Clean it (\`make -C ${tree} mrproper\`; save its .config first, it can be given with \`--kernel-config\`), or boot what is built there: \`--kernel ${join(tree, target.imagePath)}\`.`,
    )
  }
  const missing: string[] = []
  for (const program of ['make', compiler.program, 'flex', 'bison', 'bc']) if ((await exec.which(program)) === null) missing.push(program)
  if (missing.length === 0) return
  throw new UserError(
    `To build the kernel in ${tree}, ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
    'Enter the tree’s shell (`nix develop --impure`), or install them: `apt-get install build-essential flex bison bc libelf-dev libssl-dev`.',
    { kind: 'could-not-test' },
  )
}

function baseOf({ config, workspace }: KernelTreeRequest): Configuring['base'] {
  if (config === null) return { target: 'tinyconfig' }
  return /^[a-z0-9_.+-]*config$/.test(config) && !config.startsWith('.')
    ? { target: config }
    : { path: config.startsWith('/') ? config : join(workspace, config) }
}

async function cpus({ exec }: TreePorts): Promise<number> {
  const count = Number((await exec.run(['nproc'])).stdout.trim())
  return Number.isInteger(count) && count > 0 ? count : 1
}
