import { createHash } from 'node:crypto'
import { isAbsolute, join } from 'node:path'
import { withoutActionVariables } from '../domain/action-variables.js'
import { UserError } from '../domain/errors.js'
import {
  type ConfigFragment,
  explainAllLost,
  fragmentProblems,
  guestFragments,
  type KernelConfig,
  lostOptions,
  type MergedFragments,
  mergeFragments,
  parseKconfigDeclarations,
  parseKernelConfig,
} from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import { type MakeSetting, make } from './make.js'

type ConfigurePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/** What tests outside the kernel reach for: every shipped section runs on the result, so that another section moves no object. */
const OUTSIDE_FRAGMENTS = ['fstests', 'xfs', 'ext4', 'btrfs', 'f2fs', 'overlay', 'nfs']

/**
 * @param architecture as a fragment's name: `x86_64`, `aarch64`
 * @param tests `kernel`: the kernel's own alone (KUnit), which bring the fragments they need: the guest's parts, no file system
 */
export function usualFragments(architecture: string, tests: 'outside' | 'kernel' = 'outside'): readonly string[] {
  return [...guestFragments({ architecture }), 'debug-info', ...(tests === 'kernel' ? [] : OUTSIDE_FRAGMENTS)]
}

/** The fragment that single options form. */
const OPTIONS = 'options'

const OPTION = /^CONFIG_[A-Za-z0-9_]+=\S+$/

/**
 * Fragments by what the user wrote: names of nix/kconfig, files, or single options (`CONFIG_XFS_DEBUG=y`). Options form one
 * fragment of their own, `options`, which is the last and so wins.
 * @throws UserError naming the fragments there are
 */
export async function readFragments(
  wanted: readonly string[],
  { checkout, workspace }: { readonly checkout: string; readonly workspace: string },
  { files }: Pick<Ports, 'files'>,
): Promise<readonly ConfigFragment[]> {
  const shipped = join(checkout, 'nix/kconfig')
  const names = (await files.list(shipped)).filter((file) => file.endsWith('.config')).map((file) => file.slice(0, -'.config'.length))
  const fragments: ConfigFragment[] = []
  const options: string[] = []
  for (const one of new Set(wanted)) {
    if (OPTION.test(one)) {
      options.push(one)
    } else if (names.includes(one)) {
      fragments.push({ name: one, text: await files.readText(join(shipped, `${one}.config`)) })
    } else {
      const path = isAbsolute(one) ? one : join(workspace, one)
      const text = await files.readText(path).catch((cause: unknown) => {
        throw new UserError(
          `\`${one}\` is no kernel configuration: neither a file, nor an option such as \`CONFIG_XFS_DEBUG=y\`, nor one of ${names.join(', ')}.`,
          'Correct `kconfig`.',
          { cause },
        )
      })
      const problems = fragmentProblems(text)
      if (problems.length > 0)
        throw new UserError(
          `${path}: ${problems.join(' ')}`,
          'Correct it: an option is `CONFIG_NAME=y`, one that is off `# CONFIG_NAME is not set`.',
        )
      const name = path.replace(/^.*\//, '').replace(/\.config$/, '')
      const isTaken = names.includes(name) || name === OPTIONS || fragments.some((fragment) => fragment.name === name)
      fragments.push({ name: isTaken ? `file${fragments.length}-${name}` : name, text })
    }
  }
  if (options.length > 0) fragments.push({ name: OPTIONS, text: `${options.join('\n')}\n` })
  return fragments
}

export interface Configuring {
  readonly setting: MakeSetting
  /** A target such as `tinyconfig`, or the path of a configuration file. */
  readonly base: { readonly target: string } | { readonly path: string }
  readonly fragments: readonly ConfigFragment[]
  /** The compiler's command, as the tree's Makefile has it in CC. Absent: not known, and the configuration is asked again each time. */
  readonly compiler?: string
}

/** Remembers what the configuration was made of, beside it. */
const STAMP = 'vmtest-config.sha256'

/** The configuration as it came out. */
export interface Configured {
  /** False where what it is made of has not changed since. */
  readonly changed: boolean
  /** One sentence on each cause for which options that were asked for are not so. */
  readonly lost: readonly string[]
}

/**
 * The tree's configuration in its object directory: base, fragments merged by the tree's own merge_config.sh, `olddefconfig`.
 * Made anew only when base or fragments changed; a hand's edits in the object directory stay until then.
 * @throws UserError (`build-failed`) where the tree cannot be configured
 */
export async function configure(request: Configuring, ports: ConfigurePorts): Promise<Configured> {
  const { setting, base, fragments, compiler } = request
  const { files } = ports
  const config = join(setting.objects, '.config')
  const baseText = 'path' in base ? await files.readText(base.path) : base.target
  const key = createHash('sha256')
    .update(JSON.stringify([baseText, fragments]))
    .digest('hex')
  const stamp = join(setting.objects, STAMP)
  const before = await files.readText(stamp).catch(() => '')
  if (before.trim() === key && (await files.stat(config)) !== null) {
    // The tree's own Kconfig may have changed: make would stop and ask.
    if (!(await isUpToDate(setting, compiler, ports))) await configTarget(setting, 'olddefconfig', ports)
    return { changed: false, lost: [] }
  }
  await files.remove(stamp)
  if ('path' in base) await files.write(config, baseText)
  else await configTarget(setting, base.target, ports)
  await merge(setting, fragments, ports)
  await configTarget(setting, 'olddefconfig', ports)
  await files.write(stamp, `${key}\n`)
  const actual = parseKernelConfig(await files.readText(config))
  return { changed: true, lost: await explain(mergeFragments(fragments), actual, setting.tree, ports) }
}

/**
 * Whether make would take the configuration as it is: by its own rule (`%/config/auto.conf` of the tree's Makefile), neither .config, nor a Kconfig
 * file that was read for it, nor the Makefile is newer than what was made of it, and the compiler is the one it was made with.
 */
async function isUpToDate(
  { tree, objects }: MakeSetting,
  compiler: string | undefined,
  { exec, files, runner }: ConfigurePorts,
): Promise<boolean> {
  const made = join(objects, 'include/config/auto.conf')
  const list = await files.readText(`${made}.cmd`).catch(() => null)
  if (list === null || compiler === undefined || files.marks === undefined) return false
  const read = kconfigFilesOf(list)
  if (read.length === 0 || variableOf(list, 'CC') !== compiler) return false
  const inTree = ['Makefile', ...read].map((file) => (isAbsolute(file) ? file : join(tree, file)))
  const [own, ...others] = await files.marks([made, join(objects, '.config'), ...inTree])
  if (!own || !others.every((mark) => mark !== null && mark.modifiedNs <= own.modifiedNs)) return false
  const { stdout, code } = await exec.run([...compiler.split(/\s+/), '--version'], {
    env: { ...withoutActionVariables(runner.env), LC_ALL: 'C' },
    timeoutSeconds: 30,
  })
  // As the Makefile reads it: the first line, without `#`.
  return code === 0 && stdout.split('\n')[0]?.replaceAll('#', '') === variableOf(list, 'CC_VERSION_TEXT')
}

/** What a variable was when the configuration was made: `ifneq "$(CC)" "gcc"` in auto.conf.cmd. */
function variableOf(list: string, name: string): string | null {
  // regexp: a name of ours, at a line’s start
  return new RegExp(`^ifneq "\\$\\(${name}\\)" "(.*)"$`, 'm').exec(list)?.[1] ?? null
}

/** The files that a configuration was read from, as Kconfig notes them in auto.conf.cmd: `deps_config := \\` and one a line. */
export function kconfigFilesOf(list: string): readonly string[] {
  const [, files = ''] = /^deps_config := \\\n((?:\t.*\n)+)/m.exec(list) ?? []
  return files.split('\n').flatMap((line) => /^\t(\S+?)(?: \\)?$/.exec(line)?.[1] ?? [])
}

async function configTarget(setting: MakeSetting, target: string, ports: ConfigurePorts): Promise<void> {
  const outcome = await make(setting, [target], ports)
  if (setting.signal?.aborted === true) {
    throw new UserError(`Configuring the kernel in ${setting.tree} was interrupted.`, 'Start it again.', { kind: 'could-not-test' })
  }
  if (!outcome.succeeded) throw notConfigured(`make ${target}`, setting.tree, outcome.lines)
}

async function merge(setting: MakeSetting, fragments: readonly ConfigFragment[], ports: ConfigurePorts): Promise<void> {
  const directory = join(setting.objects, 'vmtest-fragments')
  await ports.files.remove(directory)
  const paths: string[] = []
  for (const { name, text } of fragments) {
    const path = join(directory, `${name}.config`)
    await ports.files.write(path, text)
    paths.push(path)
  }
  const script = join(setting.tree, 'scripts/kconfig/merge_config.sh')
  // It leaves its temporary file in the working directory: that must not be the tree.
  const merged = await ports.exec.run(['sh', script, '-m', '-O', setting.objects, join(setting.objects, '.config'), ...paths], {
    cwd: setting.objects,
  })
  if (merged.code !== 0) throw notConfigured(script, setting.tree, `${merged.stdout}\n${merged.stderr}`.trim().split('\n'))
}

function notConfigured(what: string, tree: string, lines: readonly string[]): UserError {
  const last = lines.slice(-15).map((line) => `\n  ${line}`)
  const words = last.length === 0 ? ' It said nothing.' : last.join('')
  return new UserError(
    `The kernel in ${tree} cannot be configured: \`${what}\` failed.${words}`,
    `Try it by hand: \`make -C ${tree} O=DIRECTORY ${what.replace(/^make /, '')}\`.`,
    {
      kind: 'build-failed',
    },
  )
}

async function explain(merged: MergedFragments, actual: KernelConfig, tree: string, ports: ConfigurePorts): Promise<readonly string[]> {
  const lost = lostOptions(merged, actual)
  if (lost.length === 0) return []
  const symbols = lost.map(({ requested }) => requested.name.replace(/^CONFIG_/, ''))
  const pattern = `^(menu)?config (${symbols.join('|')})$`
  const found = await ports.exec.run(['grep', '-rlE', '--include=Kconfig*', pattern, tree])
  const paths = found.stdout.split('\n').filter((path) => path !== '')
  const texts = await Promise.all(paths.map((path) => ports.files.readText(path).catch(() => '')))
  const declarations = texts.flatMap((text) => parseKconfigDeclarations(text))
  return explainAllLost(lost, actual, { declarations, requested: merged.options })
}
