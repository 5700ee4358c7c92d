import { basename, join } from 'node:path'
import type { VmBundle } from '../../domain/bundle.js'
import { UserError } from '../../domain/errors.js'
import type { CatalogueTest } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { suitesOfKernel, suitesOfModule } from './elf.js'

type KernelFiles = Pick<Files, 'list' | 'readText' | 'readBytes' | 'stat'>

/** True for what a KUnit suite can be called: it is a directory's name in debugfs. */
export function isKunitName(text: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.:+@ -]{0,254}$/.test(text) && !text.endsWith(' ')
}

/** Where a built-in suite is said to be. */
export const BUILT_IN = 'vmlinux'
/** Distributions have thousands of modules: of those only what is called like a test is looked into. */
const MANY = 500
const LIKE_A_TEST = /kunit|test/i

const FRAGMENT =
  'Build the kernel with KUnit: `--kconfig kunit` with a kernel tree, or CONFIG_KUNIT=y, CONFIG_KUNIT_DEBUGFS=y and the tests you want.'

/**
 * The KUnit suites of a kernel, built in or in modules, read off its image and its modules: no boot is needed to list them. A test is a suite;
 * its cases, which no table has all of (parameters are made at run time), are its sub-tests.
 * @throws UserError where the kernel has none, cannot be looked into, or would die of its own tests
 */
export async function readKunit(files: KernelFiles, kernel: VmBundle['kernel']): Promise<readonly CatalogueTest[]> {
  await refuseFaults(files, kernel)
  const builtIn = kernel.vmlinux === undefined ? null : await suitesOfKernel(files, kernel.vmlinux)
  const inModules = kernel.modules === undefined ? [] : await modulesOf(files, kernel.modules, kernel.release)
  if (kernel.vmlinux === undefined && inModules.length === 0) {
    throw new UserError(
      'KUnit’s suites are read off the kernel’s vmlinux, and there is none.',
      'Give it with `--vmlinux`, or a kernel tree.',
    )
  }
  const tests = new Map<string, CatalogueTest>()
  const add = (name: string, place: string, groups: readonly string[]) => {
    if (!isKunitName(name))
      throw new UserError(`${place} has a KUnit suite named ${JSON.stringify(name)}.`, 'Give it a name of letters and digits.')
    if (!tests.has(name)) tests.set(name, { name, groups: [...groups], file: place, line: 1 })
  }
  for (const name of builtIn ?? []) add(name, BUILT_IN, ['built-in'])
  for (const { module, names } of inModules) for (const name of names) add(name, module, ['modules'])
  if (tests.size > 0) return [...tests.values()]
  throw new UserError(`The kernel ${kernel.release} has no KUnit suite.`, FRAGMENT)
}

/** Tests that oops on purpose end a guest that panics on an oops, as all of ours do. */
async function refuseFaults(files: KernelFiles, { config, release }: VmBundle['kernel']): Promise<void> {
  const text = config === undefined ? '' : await files.readText(config).catch(() => '')
  if (!/^CONFIG_KUNIT_FAULT_TEST=y$/m.test(text)) return
  throw new UserError(
    `The kernel ${release} is built with CONFIG_KUNIT_FAULT_TEST, which oopses on purpose at boot; guests panic on an oops.`,
    'Build it with `# CONFIG_KUNIT_FAULT_TEST is not set`, as the fragment `kunit` has it.',
  )
}

async function modulesOf(files: KernelFiles, root: string, release: string): Promise<{ module: string; names: readonly string[] }[]> {
  const directory = join(root, 'lib/modules', release)
  const order = await files.readText(join(directory, 'modules.dep')).catch(() => '')
  const all = order.split('\n').flatMap((line) => (line.includes(':') ? [line.slice(0, line.indexOf(':'))] : []))
  const some = all.filter((path) => path.endsWith('.ko') && (all.length <= MANY || LIKE_A_TEST.test(basename(path))))
  const found: { module: string; names: readonly string[] }[] = []
  for (const path of some) {
    const names = await suitesOfModule(files, join(directory, path)).catch(() => [])
    if (names.length > 0) found.push({ module: basename(path, '.ko'), names })
  }
  return found
}
