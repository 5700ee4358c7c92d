import { dirname, join, relative } from 'node:path'
import type { BundleKernel } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { BuiltCounters } from '../domain/stages.js'
import { isEnabled, parseKernelConfig } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import { type CompilerMessage, compilerAnnotations, describeErrors, readCompilerMessages } from './compiler-messages.js'
import { configureHeldTree, holderOf, type KernelTreeRequest, type TreeSetting, treeSetting } from './configure-tree.js'
import { gcovOf } from './coverage-flags.js'
import { holdingTree } from './hold-tree.js'
import { overrideKernel } from './kernel-override.js'
import type { KernelTarget } from './layout.js'
import { type MakeSetting, make } from './make.js'
import { watchedMake } from './watched-make.js'

type TreePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

export interface BuiltKernel {
  readonly kernel: BundleKernel
  readonly seconds: number
  /** Set where it counts. */
  readonly coverage?: BuiltCounters
}

/** Modules are installed here, in the object directory, where the configuration has any. */
const MODULES = 'vmtest-modules'

/** A build, and what it is asked before it compiles anything. */
export interface TreeBuildRequest extends KernelTreeRequest {
  /** True: after an error make goes on as far as it can. */
  readonly keepGoing?: boolean
  /** Refuses a configuration, by throwing, before anything is compiled. `release` as the Makefile has it: `6.12.94`. */
  readonly checkConfiguration?: (kernel: {
    readonly config: string
    readonly release: string
    readonly hasModules: boolean
  }) => Promise<void>
}

/**
 * The kernel of a source tree, by the tree's own incremental `make O=` in a directory of ours: what changed since the last time is
 * compiled, nothing else, and the tree is left as it is.
 * @throws UserError `usage` (no kernel tree, built in place), `could-not-test` (no compiler), `build-failed` with the first error on top
 */
export async function buildKernelTree(request: TreeBuildRequest, ports: TreePorts): Promise<BuiltKernel> {
  const given = await treeSetting(request, ports)
  return holdingTree(given.setting.objects, holderOf(request), ports, () => buildHeldTree(request, given, ports))
}

async function buildHeldTree(request: TreeBuildRequest, given: TreeSetting, ports: TreePorts): Promise<BuiltKernel> {
  const started = ports.clock.monotonicSeconds()
  const { setting, target, compiler, configured } = await tellingOf(request, given, () => configureHeldTree(request, given, ports))
  const { tree, objects } = setting
  for (const sentence of configured.lost) ports.runner.warning(`kernel configuration: ${sentence}`)
  const configuredAt = ports.clock.monotonicSeconds()
  if (request.checkConfiguration !== undefined) {
    const known = { config: join(objects, '.config'), release: await releaseOf(setting, ports) }
    await request.checkConfiguration({ ...known, hasModules: await hasModules(setting, ports) })
  }
  const image = await bootedImage(setting, target, ports)
  await compile(request, setting, image.target, ports)
  const modules = await installModules(setting, ports)
  const kernel = await overrideKernel({ image: join(objects, image.path), ...modules }, ports)
  const seconds = ports.clock.monotonicSeconds() - started
  const configuring = `${configured.changed ? 'configured anew' : 'configuration unchanged'}, ${(configuredAt - started).toFixed(1)} s of it`
  ports.runner.info(`kernel: ${kernel.release} of ${tree} built in ${seconds.toFixed(1)} s with ${compiler.description} (${configuring})`)
  const { coverageOf = [] } = request
  if (coverageOf.length === 0) return { kernel, seconds }
  const real = await ports.files.realPath(objects)
  return { kernel, seconds, coverage: { tree, objects: real, notes: real, directories: coverageOf, gcov: gcovOf(compiler) } }
}

const CONFIGURING = { done: 0, total: null, perSecond: null, secondsLeft: null, step: 'configuring' } as const

/** Seconds on a quiet machine, minutes on a loaded one: make compiles Kconfig's own program, and asks the compiler what it can do. */
async function tellingOf<T>(
  { onProgress }: TreeBuildRequest,
  { setting: { tree } }: TreeSetting,
  configuring: () => Promise<T>,
): Promise<T> {
  const what = buildOf(tree)
  onProgress?.({ kind: 'build', what, counted: CONFIGURING })
  try {
    return await configuring()
  } catch (error) {
    onProgress?.({ kind: 'build', what, counted: null })
    throw error
  }
}

const buildOf = (tree: string): string => `the kernel in ${tree}`

/** The version in the tree's Makefile. */
async function releaseOf({ tree }: MakeSetting, { files }: Pick<Ports, 'files'>): Promise<string> {
  const text = await files.readText(join(tree, 'Makefile')).catch(() => '')
  // regexp: a name of ours, at a line’s start of the Makefile’s first lines
  const value = (name: string) => new RegExp(`^${name} *= *(\\S*)$`, 'm').exec(text)?.[1] ?? ''
  return `${value('VERSION')}.${value('PATCHLEVEL')}.${value('SUBLEVEL')}${value('EXTRAVERSION')}`
}

async function hasModules({ objects }: MakeSetting, { files }: Pick<Ports, 'files'>): Promise<boolean> {
  return isEnabled(parseKernelConfig(await files.readText(join(objects, '.config'))), 'CONFIG_MODULES')
}

/**
 * What is made to be booted: `vmlinux` where QEMU takes that itself (PVH, arch/x86/platform/pvh), which has to be made anyway. A bzImage of it is
 * packed by gzip on one processor after each edit, to be unpacked by an emulated one at each boot.
 */
async function bootedImage(
  setting: MakeSetting,
  target: KernelTarget,
  { files }: Pick<Ports, 'files'>,
): Promise<{ readonly target: string; readonly path: string }> {
  const config = parseKernelConfig(await files.readText(join(setting.objects, '.config')))
  const isDirect = target.architecture === 'x86_64' && isEnabled(config, 'CONFIG_PVH')
  return isDirect ? { target: 'vmlinux', path: 'vmlinux' } : { target: target.image, path: target.imagePath }
}

async function compile(request: TreeBuildRequest, setting: MakeSetting, image: string, ports: TreePorts): Promise<void> {
  const { logPath, keepGoing = false, onProgress = () => undefined } = request
  const watching = {
    ...{ what: buildOf(setting.tree), keepGoing, onProgress, notePath: join(dirname(setting.objects), 'objects.json') },
    ...(logPath === undefined ? {} : { logPath }),
  }
  const outcome = await watchedMake(
    setting,
    [...new Set([image, 'vmlinux']), ...((await hasModules(setting, ports)) ? ['modules'] : [])],
    watching,
    ports,
  )
  const messages = readCompilerMessages(outcome.lines)
  await annotate(messages, setting.tree, request.workspace, ports)
  if (outcome.succeeded) return
  // Where the compiler says what is wrong, make's last lines only say that something is.
  const last = outcome.lines.slice(-15).map((line) => `\n  ${line}`)
  const errors = describeErrors(messages)
  const ended = outcome.ended ? 'The rest of make was ended; `--keep-going` lets it go on. ' : ''
  throw new UserError(
    `The kernel does not build${errors === null ? `. Its last lines:${last.join('')}` : `: ${errors}`}`,
    `${hintFor(outcome.lines)}${ended}${logPath === undefined ? `Try \`make -C ${setting.tree} O=${setting.objects}\`.` : `The whole log: ${logPath}`}`,
    { kind: 'build-failed' },
  )
}

/** Headers of the machine's own that a build asks for by a name that is not its package's. */
const PACKAGES: readonly (readonly [header: RegExp, name: string])[] = [
  [/\b(?:gelf|libelf)\.h: No such file|Cannot find libelf|-lelf\b/, 'libelf-dev'],
  [/\bopenssl\/[\w]+\.h: No such file|cannot find -l(?:crypto|ssl)\b/, 'libssl-dev'],
]

function hintFor(lines: readonly string[]): string {
  const missing = PACKAGES.filter(([header]) => lines.some((line) => header.test(line))).map(([, name]) => name)
  return missing.length === 0
    ? ''
    : `Install ${missing.join(' and ')} (\`apt-get install ${missing.join(' ')}\`), or enter the tree’s shell. `
}

/** Annotations on the repository's lines: the tree is the repository, or a directory in it. */
async function annotate(
  messages: readonly CompilerMessage[],
  tree: string,
  workspace: string,
  { files, runner }: TreePorts,
): Promise<void> {
  const below = relative(await files.realPath(workspace).catch(() => workspace), tree)
  const inRepository = !below.startsWith('..')
  const placed = messages.map((one) => (one.file === null || !inRepository ? one : { ...one, file: join(below, one.file) }))
  const known = new Set<string>()
  for (const { file } of messages) {
    if (file !== null && inRepository && (await files.stat(join(tree, file)))?.kind === 'file') known.add(join(below, file))
  }
  for (const annotation of compilerAnnotations(placed, (path) => known.has(path))) runner.annotate(annotation)
}

/** Modules where the configuration has any, in the form `--modules` takes. */
async function installModules(setting: MakeSetting, ports: TreePorts): Promise<{ modules?: string }> {
  const order = await ports.files.readText(join(setting.objects, 'modules.order')).catch(() => '')
  if (order.trim() === '') return {}
  const modules = join(setting.objects, MODULES)
  await ports.files.remove(modules)
  const outcome = await make(setting, [`INSTALL_MOD_PATH=${modules}`, 'INSTALL_MOD_STRIP=1', 'modules_install'], ports)
  if (outcome.succeeded) return { modules }
  throw new UserError(
    `The kernel's modules cannot be installed:\n  ${outcome.lines.slice(-10).join('\n  ')}`,
    'Free disk space and try again.',
    { kind: 'could-not-test' },
  )
}
