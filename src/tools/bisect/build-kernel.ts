import { dirname, join } from 'node:path'
import { formatKernelConfig, type KernelConfig, mergeInto, parseKernelConfig } from '../../kconfig/index.js'
import type { Ports } from '../../ports/index.js'

/** How kernels are built: the source changes from step to step, the objects stay. */
export interface KernelBuildOptions {
  readonly source: string
  /** What is checked out there. */
  readonly commit: string
  /** The `O=` directory; kept, so that each step compiles only what changed. */
  readonly objects: string
  readonly configuration:
    | { readonly kind: 'file'; readonly path: string }
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
  | { readonly kind: 'built'; readonly image: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'cancelled' }

/**
 * Configures and builds a kernel with `make O=`. The configuration starts anew at each step, completed by that commit's own
 * `olddefconfig`: one that follows another's would depend on the way the search went.
 * @throws UserError where `make` cannot be started; a build that fails is a value
 */
export async function buildKernel(options: KernelBuildOptions, ports: Pick<Ports, 'exec' | 'files'>): Promise<KernelBuild> {
  const { files } = ports
  const dotConfig = join(options.objects, '.config')
  await files.makeDirectory(options.objects)
  await files.makeDirectory(dirname(options.logFile))
  const compiler = await compilerArguments(options.makeArguments, ports)
  const log = await files.openAppend(options.logFile)
  const before = await builtCommits(options.objects, ports)
  const remember = (commits: readonly string[]) =>
    files.write(join(options.objects, BUILT_COMMITS), commits.map((line) => `${line}\n`).join(''))
  if (before.length > 0) await remember([...new Set([...before, options.commit])])
  const make = async (...targets: readonly string[]): Promise<KernelBuild | null> => {
    const argv = ['make', '-C', options.source, `O=${options.objects}`, ...compiler, ...options.makeArguments, ...targets]
    const { code, stdout, stderr } = await ports.exec.run(argv, { signal: options.signal })
    await log.append(`$ ${argv.join(' ')}\n${stdout}${stderr}`)
    if (options.signal.aborted) return { kind: 'cancelled' }
    return code === 0 ? null : { kind: 'failed', reason: `\`make ${targets.at(-1)}\` fails: ${firstError(`${stderr}\n${stdout}`)}` }
  }
  try {
    const { configuration } = options
    if (configuration.kind === 'file') await files.write(dotConfig, await files.readText(configuration.path))
    else {
      const failed = await make('tinyconfig')
      if (failed !== null) return failed
      const tiny = parseKernelConfig(await files.readText(dotConfig))
      await files.write(dotConfig, formatKernelConfig(mergeInto(tiny, configuration.options)))
    }
    const [target, image] = options.architecture === 'aarch64' ? ['Image', 'arch/arm64/boot/Image'] : ['bzImage', 'arch/x86/boot/bzImage']
    const failed = (await make('olddefconfig')) ?? (await make(`-j${options.jobs}`, target))
    if (failed !== null) return failed
    await remember([options.commit])
    return { kind: 'built', image: join(options.objects, image) }
  } finally {
    await log.close()
  }
}

/** ccache where it is there and nobody chose a compiler: a fresh worktree has new times for every file, and only the cache knows better. */
async function compilerArguments(chosen: readonly string[], { exec }: Pick<Ports, 'exec'>): Promise<readonly string[]> {
  if (chosen.some((argument) => /^(CC|LLVM)=/.test(argument))) return []
  return (await exec.which('ccache')) === null ? [] : ['CC=ccache gcc']
}

/** The line a reader wants first: the compiler's or the linker's error, else make's own. */
function firstError(output: string): string {
  const lines = output.split('\n').map((line) => line.trim())
  return (
    lines.find((line) => /(^|\s)(fatal )?error:|undefined reference/i.test(line)) ??
    lines.find((line) => line.includes('***')) ??
    'make does not say why'
  )
}
