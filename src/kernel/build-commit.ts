import { dirname, join } from 'node:path'
import { formatKernelConfig, type KernelConfig, mergeInto, parseKernelConfig } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import { chooseCompiler } from './compiler.js'
import { formatMessage, readCompilerMessages } from './compiler-messages.js'
import { KERNEL_TARGETS } from './layout.js'
import { type MakeSetting, make, makeCommand, makePrefix } from './make.js'

type BuildPorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/** How kernels are built: the source changes from step to step, the objects stay. */
export interface KernelBuildOptions {
  readonly source: string
  /** What is checked out there. */
  readonly commit: string
  /** The `O=` directory; kept, so that each step compiles only what changed. */
  readonly objects: string
  readonly configuration: /** A file, with these options in place of its own. */
    | { readonly kind: 'file'; readonly path: string; readonly options: KernelConfig }
    /** On top of `make tinyconfig`. */
    | { readonly kind: 'options'; readonly options: KernelConfig }
  /** `x86_64` or `aarch64`, which names the image. */
  readonly architecture: string
  readonly jobs: number
  /** Further arguments of make: `LLVM=1`, `CC=gcc-13`. */
  readonly makeArguments: readonly string[]
  readonly logFile: string
  readonly signal: AbortSignal
}

/** In the objects' directory: the commit all of them were made of, then those whose builds failed or were cut short since, one a line. */
const BUILT_COMMITS = '.vmtest-built-commits'

/** What the kept objects are made of, as `buildKernel` left it: empty where no build was whole yet, and everything has to be compiled. */
export async function builtCommits(objects: string, { files }: Pick<Ports, 'files'>): Promise<readonly string[]> {
  const lines = (await files.readText(join(objects, BUILT_COMMITS)).catch(() => '')).split('\n').filter((line) => line !== '')
  return lines.every((line) => /^[0-9a-f]{40,64}$/.test(line)) ? lines : []
}

export type KernelBuild =
  /** With the whole kernel, of which the image is made: what is in it is read off that. */
  | { readonly kind: 'built'; readonly image: string; readonly vmlinux: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'cancelled' }

/**
 * Configures and builds a kernel with `make O=`. The configuration starts anew at each step, completed by that commit's own
 * `olddefconfig`: one that follows another's would depend on the way the search went.
 * @throws UserError where `make` cannot be started; a build that fails is a value
 */
export async function buildKernel(options: KernelBuildOptions, ports: BuildPorts): Promise<KernelBuild> {
  const { files } = ports
  const target = KERNEL_TARGETS[options.architecture]
  if (target === undefined) return { kind: 'failed', reason: `no kernel image is known for ${options.architecture}` }
  await files.makeDirectory(options.objects)
  await files.makeDirectory(dirname(options.logFile))
  const setting = await settingOf(options, ports)
  const log = await files.openAppend(options.logFile)
  const before = await builtCommits(options.objects, ports)
  const remember = (commits: readonly string[]) =>
    files.write(join(options.objects, BUILT_COMMITS), commits.map((line) => `${line}\n`).join(''))
  if (before.length > 0) await remember([...new Set([...before, options.commit])])
  const run = async (word: string): Promise<KernelBuild | null> => {
    const { succeeded, lines } = await make(setting, [word], ports)
    await log.append([`$ ${makeCommand({ ...setting, prefix: [] }, [word]).join(' ')}`, ...lines].map((line) => `${line}\n`).join(''))
    if (options.signal.aborted) return { kind: 'cancelled' }
    return succeeded ? null : { kind: 'failed', reason: `\`make ${word}\` fails: ${firstError(lines)}` }
  }
  try {
    const failed = (await configure(options, run, ports)) ?? (await run('olddefconfig')) ?? (await run(target.image))
    if (failed !== null) return failed
    await remember([options.commit])
    return { kind: 'built', image: join(options.objects, target.imagePath), vmlinux: join(options.objects, 'vmlinux') }
  } finally {
    await log.close()
  }
}

async function configure(
  { configuration, objects }: KernelBuildOptions,
  run: (target: string) => Promise<KernelBuild | null>,
  { files }: BuildPorts,
): Promise<KernelBuild | null> {
  const dotConfig = join(objects, '.config')
  if (configuration.kind === 'file') {
    const text = await files.readText(configuration.path)
    const { options } = configuration
    await files.write(dotConfig, options.size === 0 ? text : formatKernelConfig(mergeInto(parseKernelConfig(text), options)))
    return null
  }
  const failed = await run('tinyconfig')
  if (failed !== null) return failed
  const tiny = parseKernelConfig(await files.readText(dotConfig))
  await files.write(dotConfig, formatKernelConfig(mergeInto(tiny, configuration.options)))
  return null
}

/** ccache too, where nobody chose a compiler: a fresh worktree has new times for every file, and only the cache knows better. */
async function settingOf(options: KernelBuildOptions, ports: BuildPorts): Promise<MakeSetting> {
  const { source: tree, objects, jobs, signal, makeArguments } = options
  const chosen = makeArguments.some((argument) => /^(CC|LLVM)=/.test(argument))
  const compiler = chosen ? [] : (await chooseCompiler(ports)).variables
  return { tree, objects, jobs, signal, variables: [...compiler, ...makeArguments], prefix: await makePrefix(objects, ports.exec) }
}

/** The line a reader wants first: the compiler's or the linker's error, else make's own. */
function firstError(lines: readonly string[]): string {
  const first = readCompilerMessages(lines).find(({ level }) => level === 'error')
  if (first !== undefined) return formatMessage(first)
  const trimmed = lines.map((line) => line.trim())
  return (
    trimmed.find((line) => /(^|\s)(fatal )?error:|undefined reference/i.test(line)) ??
    trimmed.find((line) => line.includes('***')) ??
    'make does not say why'
  )
}
