import type { Command } from 'commander'
import { UserError } from '../../domain/errors.js'
import type { Section } from '../../domain/section.js'
import {
  chooseFragments,
  configDifference,
  differenceText,
  type FragmentShelf,
  formatKernelConfig,
  mergeFragments,
  mergeInto,
  parseKernelConfig,
  readKconfigTree,
  requestedConfig,
} from '../../kconfig/index.js'
import { readTestOptions } from '../../suites/fstests/index.js'
import { absolute, kernelArchitecture, shelfOf, type TreeConfiguration, treeConfiguration, wantedFragments } from '../config-places.js'
import type { AddCommand, CliContext } from '../context.js'
import { addEdit } from './config-edit.js'

const NAMES = 'sections and kconfig fragments such as xfs_4k kasan; none: what a bundle’s kernel is built with'
const NAMES_OR_TREE =
  'sections and kconfig fragments such as xfs_4k kasan; none: what the kernel tree at hand, else a bundle’s kernel, is built with'

/** Exit code of `diff` where something is missing, as of diff(1). */
const DIFFERS = 1

/** `vmtest config`: what a kernel has to be configured with, and what a configuration lacks. */
export const configCommand: AddCommand = (program, context, finish) => {
  const config = program
    .command('config')
    .description('kernel configuration: show what sections need, find what a .config lacks, merge it in, edit what is kept beside the tree')
    .addHelpText(
      'after',
      `
Examples:
  vmtest config show xfs_quota kasan
  vmtest config diff --fstests ~/xfstests-dev              in a kernel tree, once it was configured
  vmtest config diff .config xfs_4k --tree . --fstests ~/xfstests-dev
  vmtest config fragment xfs_4k > my.config
  vmtest config merge .config xfs_4k lockdep && make olddefconfig
  vmtest config edit --set CONFIG_XFS_DEBUG=y`,
    )
  addShow(config, context)
  addDiff(config, context, finish)
  addFragment(config, context)
  addMerge(config, context)
  addEdit(config, context)
  for (const command of config.commands) command.exitOverride().copyInheritedSettings(program)
}

function addShow(config: Command, context: CliContext): void {
  config
    .command('show')
    .description('print the options asked for, each with the fragment it comes from')
    .argument('[names...]', NAMES_OR_TREE)
    .option('--json', 'print them as JSON')
    .action(async (names: string[], options: { readonly json?: boolean }) => {
      const merged = mergeFragments(await wantedFragments(names, await shelfOf(context), context))
      const asked = [...merged.options.values()]
      if (options.json === true) return context.stdout.write(`${JSON.stringify(asked, null, 2)}\n`)
      const width = Math.max(0, ...asked.map(({ name, value }) => name.length + value.length + 1))
      for (const { name, value, fragment } of asked) context.stdout.write(`${`${name}=${value}`.padEnd(width)}  ${fragment}\n`)
    })
}

function addDiff(config: Command, context: CliContext, finish: (exitCode: number) => void): void {
  config
    .command('diff')
    .description('print what a .config lacks and why, and which sections and tests that costs; exit code 1 where it lacks something')
    .argument('[file]', 'the .config; default: the one of the kernel tree at hand, as `vmtest` configured it')
    .argument('[names...]', NAMES_OR_TREE)
    .option('--tree <directory>', 'the kernel tree it is for: its Kconfig files say why an option is lost; default: the one at hand')
    .option('--fstests <directory>', 'an fstests tree: its tests that will be notrun are named')
    .option('--json', 'print it as JSON')
    .action(async (first: string | undefined, rest: string[], options: DiffOptions) => {
      const shelf = await shelfOf(context)
      const at = await treeConfiguration(context)
      const { file, names } = await operands(first, rest, { shelf, at, context })
      const tree = options.tree === undefined ? at?.tree : absolute(options.tree, context)
      const { fstests } = options
      const difference = configDifference(parseKernelConfig(await readConfig(file, context)), {
        fragments: await wantedFragments(names, shelf, context),
        sections: sectionsFor(names, shelf),
        declarations: tree === undefined ? [] : await readKconfigTree(tree, kernelArchitecture(context), context.ports),
        testNeeds:
          fstests === undefined ? null : await readTestOptions(context.ports.files, absolute(fstests, context), sectionsFor(names, shelf)),
      })
      context.stdout.write(options.json === true ? `${JSON.stringify(difference, null, 2)}\n` : differenceText(difference))
      if (difference.lacking.length > 0 || difference.sections.length > 0) finish(DIFFERS)
    })
}

/** `diff xfs_4k` in a kernel tree is of its own configuration: a name that is no file is no file's name. */
async function operands(
  first: string | undefined,
  rest: readonly string[],
  { shelf, at, context }: { readonly shelf: FragmentShelf; readonly at: TreeConfiguration | null; readonly context: CliContext },
): Promise<{ readonly file: string; readonly names: readonly string[] }> {
  const isName = first !== undefined && [...shelf.sections, ...shelf.fragments].some(({ name }) => name === first)
  const isFile = first !== undefined && (await context.ports.files.stat(absolute(first, context))) !== null
  if (first !== undefined && (isFile || !isName)) return { file: first, names: rest }
  const names = first === undefined ? [] : [first, ...rest]
  if (at === null)
    throw new UserError('There is no kernel tree here whose configuration it could be.', 'Name a .config: `vmtest config diff .config`.')
  if ((await context.ports.files.stat(at.path)) !== null) return { file: at.path, names }
  throw new UserError(
    `The kernel in ${at.tree} is not configured yet.`,
    '`vmtest config edit` configures it, and any run; or name a .config.',
  )
}

interface DiffOptions {
  readonly tree?: string
  readonly fstests?: string
  readonly json?: boolean
}

/** The sections named; where none is, all there are. */
function sectionsFor(names: readonly string[], { sections }: FragmentShelf): readonly Section[] {
  const named = sections.filter(({ name }) => names.includes(name))
  return named.length === 0 ? sections : named
}

function addFragment(config: Command, context: CliContext): void {
  config
    .command('fragment')
    .description('print one fragment merged of several, for scripts/kconfig/merge_config.sh')
    .argument('[names...]', NAMES)
    .action(async (names: string[]) => {
      const fragments = chooseFragments(names, await shelfOf(context))
      const merged = mergeFragments(fragments)
      for (const { name } of fragments) {
        const own = [...merged.options.values()].filter(({ fragment }) => fragment === name)
        const lines = own.map((option) => `${option.name}=${option.value}\n`)
        context.stdout.write(`# ${name}\n${lines.join('')}`)
      }
    })
}

function addMerge(config: Command, context: CliContext): void {
  config
    .command('merge')
    .description('set the options in a .config, keeping the one before as FILE.old; `make olddefconfig` then completes it')
    .argument('<file>', 'the .config')
    .argument('[names...]', NAMES)
    .action(async (file: string, names: string[]) => {
      const before = await readConfig(file, context)
      const asked = requestedConfig(mergeFragments(chooseFragments(names, await shelfOf(context))))
      const config = parseKernelConfig(before)
      const changed = [...asked].filter(([name, value]) => config.get(name) !== value)
      const path = absolute(file, context)
      await context.ports.files.write(`${path}.old`, before)
      await context.ports.files.write(path, formatKernelConfig(mergeInto(config, asked)))
      context.stdout.write(`${changed.length} of ${asked.size} options changed in ${file}; now run \`make olddefconfig\`.\n`)
    })
}

function readConfig(file: string, context: CliContext): Promise<string> {
  return context.ports.files.readText(absolute(file, context)).catch((cause: unknown) => {
    throw new UserError(`${file} cannot be read.`, 'Give the .config of a kernel build.', { cause })
  })
}
