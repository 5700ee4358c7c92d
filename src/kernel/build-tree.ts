import { join, relative } from 'node:path'
import type { BundleKernel } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import { isEnabled, parseKernelConfig } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import { type CompilerMessage, compilerAnnotations, formatMessage, readCompilerMessages } from './compiler-messages.js'
import { configureKernelTree, type KernelTreeRequest } from './configure-tree.js'
import { overrideKernel } from './kernel-override.js'
import type { KernelTarget } from './layout.js'
import { type MakeSetting, make } from './make.js'

type TreePorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

export interface BuiltKernel {
  readonly kernel: BundleKernel
  readonly seconds: number
}

/** Modules are installed here, in the object directory, where the configuration has any. */
const MODULES = 'vmtest-modules'

/**
 * The kernel of a source tree, by the tree's own incremental `make O=` in a directory of ours: what changed since the last time is
 * compiled, nothing else, and the tree is left as it is.
 * @throws UserError `usage` (no kernel tree, built in place), `could-not-test` (no compiler), `build-failed` with the first error on top
 */
export async function buildKernelTree(request: KernelTreeRequest, ports: TreePorts): Promise<BuiltKernel> {
  const started = ports.clock.monotonicSeconds()
  const { setting, target, compiler, configured } = await configureKernelTree(request, ports)
  const { tree, objects } = setting
  for (const sentence of configured.lost) ports.runner.warning(`kernel configuration: ${sentence}`)
  const configuredAt = ports.clock.monotonicSeconds()
  await compile(request, setting, target, ports)
  const modules = await installModules(setting, ports)
  const kernel = await overrideKernel({ image: join(objects, target.imagePath), ...modules }, ports)
  const seconds = ports.clock.monotonicSeconds() - started
  const configuring = `${configured.changed ? 'configured anew' : 'configuration unchanged'}, ${(configuredAt - started).toFixed(1)} s of it`
  ports.runner.info(`kernel: ${kernel.release} of ${tree} built in ${seconds.toFixed(1)} s with ${compiler.description} (${configuring})`)
  return { kernel, seconds }
}

async function compile(request: KernelTreeRequest, setting: MakeSetting, target: KernelTarget, ports: TreePorts): Promise<void> {
  const hasModules = isEnabled(parseKernelConfig(await ports.files.readText(join(setting.objects, '.config'))), 'CONFIG_MODULES')
  const outcome = await make(setting, [target.image, 'vmlinux', ...(hasModules ? ['modules'] : [])], ports)
  if (request.logPath !== undefined) await append(request.logPath, outcome.lines, ports)
  const messages = readCompilerMessages(outcome.lines)
  await annotate(messages, setting.tree, request.workspace, ports)
  if (outcome.succeeded) return
  const first = messages.find(({ level }) => level === 'error')
  // Where the compiler says what is wrong, make's last lines only say that something is.
  const last = outcome.lines.slice(-15).map((line) => `\n  ${line}`)
  const reason = first === undefined ? `. Its last lines:${last.join('')}` : `: ${formatMessage(first)}`
  throw new UserError(
    `The kernel does not build${reason}`,
    hintFor(outcome.lines) +
      (request.logPath === undefined ? `Try \`make -C ${setting.tree} O=${setting.objects}\`.` : `The whole log: ${request.logPath}`),
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

async function append(path: string, lines: readonly string[], { files }: TreePorts): Promise<void> {
  const log = await files.openAppend(path)
  await log.append(lines.map((line) => `make> ${line}\n`).join(''))
  await log.close()
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
