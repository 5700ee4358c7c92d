import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Progress } from '../domain/stages.js'
import type { ConfigFragment } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import type { MakeSetting } from './make.js'
import { watchedMake } from './watched-make.js'

type TreePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/** Where they are in a kernel tree. */
const SELFTESTS = 'tools/testing/selftests'
/** In the object directory. */
const INSTALLED = 'vmtest-selftests'

export interface SelftestsRequest {
  readonly setting: MakeSetting
  /** Directories below tools/testing/selftests: `timens`, `net/forwarding`. */
  readonly targets: readonly string[]
  /** Where make's whole output goes. */
  readonly logPath?: string
  readonly onProgress?: (progress: Progress) => void
}

/**
 * Refuses targets that the tree has not, before anything else takes time.
 * @throws UserError naming them
 */
export async function checkSelftests(tree: string, targets: readonly string[], { files }: Pick<Ports, 'files'>): Promise<void> {
  if (targets.length === 0) {
    throw new UserError(
      `No kselftest targets were named, and building all of ${join(tree, SELFTESTS)} takes long.`,
      'Name them with `kselftest-targets`, for example `mount timens`.',
    )
  }
  const unknown: string[] = []
  for (const target of targets) {
    const isPlain = /^[A-Za-z0-9_+-][A-Za-z0-9_.+-]*(?:\/[A-Za-z0-9_+-][A-Za-z0-9_.+-]*)*$/.test(target)
    if (!isPlain || (await files.stat(join(tree, SELFTESTS, target, 'Makefile'))) === null) unknown.push(target)
  }
  if (unknown.length === 0) return
  throw new UserError(
    `${tree} has no kselftest target ${unknown.map((target) => `\`${target}\``).join(', ')}.`,
    `Targets are directories of ${SELFTESTS} with a Makefile; correct \`kselftest-targets\`.`,
  )
}

/** What the targets ask of the kernel's configuration, a fragment each. A tree's kernel has no modules: all of it is built in. */
export async function selftestFragments(
  tree: string,
  targets: readonly string[],
  { files }: Pick<Ports, 'files'>,
): Promise<readonly ConfigFragment[]> {
  const fragments: ConfigFragment[] = []
  for (const target of targets) {
    const path = join(tree, SELFTESTS, target, 'config')
    if ((await files.stat(path)) === null) continue
    fragments.push({ name: `kselftest-${target.replaceAll('/', '-')}`, text: builtIn(await files.readText(path)) })
  }
  return fragments
}

function builtIn(text: string): string {
  return text.replace(/^([ \t]*CONFIG_[A-Za-z0-9_]+)=m\b/gm, '$1=y')
}

/**
 * The targets built and installed by the tree's own makefiles, in its object directory. FORCE_TARGETS: without it make is green where one
 * single target builds. What was installed before is removed first.
 * @returns the installed directory, with kselftest-list.txt
 * @throws UserError `could-not-test` (no rsync), `build-failed` with make's last lines
 */
export async function buildSelftests(request: SelftestsRequest, ports: TreePorts): Promise<string> {
  const { setting, targets } = request
  await checkSelftests(setting.tree, targets, ports)
  if ((await ports.exec.which('rsync')) === null) {
    // make's install step is green without it, and installs nothing.
    throw new UserError('To install kselftest, rsync is missing.', 'Install it: `apt-get install rsync`.', { kind: 'could-not-test' })
  }
  const started = ports.clock.monotonicSeconds()
  const directory = join(setting.objects, INSTALLED)
  await ports.files.remove(directory)
  await run(request, setting, ['headers'], ports)
  const words = [`TARGETS=${targets.join(' ')}`, 'FORCE_TARGETS=1', `INSTALL_PATH=${directory}`, 'install']
  await run(request, { ...setting, tree: join(setting.tree, SELFTESTS) }, words, ports)
  const seconds = ports.clock.monotonicSeconds() - started
  ports.runner.info(`kselftest: ${targets.join(', ')} of ${setting.tree} built and installed in ${seconds.toFixed(1)} s`)
  return directory
}

async function run(request: SelftestsRequest, setting: MakeSetting, words: readonly string[], ports: TreePorts): Promise<void> {
  const watching = {
    ...{
      what: `the kselftest targets ${request.targets.join(', ')}`,
      keepGoing: false,
      onProgress: request.onProgress ?? (() => undefined),
    },
    ...(request.logPath === undefined ? {} : { logPath: request.logPath }),
  }
  const outcome = await watchedMake(setting, words, watching, ports)
  if (outcome.succeeded) return
  const last = outcome.lines.slice(-15).map((line) => `\n  ${line}`)
  throw new UserError(
    `The kselftest targets ${request.targets.join(', ')} do not build. The last lines of make:${last.join('')}`,
    (request.logPath === undefined ? '' : `The whole log: ${request.logPath}. `) +
      'A header or library may be missing on this machine; or leave the target out.',
    { kind: 'build-failed' },
  )
}
