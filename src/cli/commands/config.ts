import { join, resolve } from 'node:path'
import type { Command } from 'commander'
import {
  chooseFragments,
  type FragmentShelf,
  formatKernelConfig,
  mergeFragments,
  mergeInto,
  parseKernelConfig,
  readFragmentShelf,
  readKconfigTree,
  requestedConfig,
} from '../../build/kernel-config/index.js'
import { UserError } from '../../domain/errors.js'
import type { Section } from '../../domain/section.js'
import { builtInSections } from '../../engine/resolve-selection.js'
import type { AddCommand } from '../cli.js'
import { configDifference, differenceText, readTestNeeds } from '../config-difference.js'
import type { CliContext } from '../context.js'

const NAMES = 'sections and kconfig fragments such as xfs_4k kasan; none: what a bundle’s kernel is built with'

/** Exit code of `diff` where something is missing, as of diff(1). */
const DIFFERS = 1

/** `vmtest config`: what a kernel has to be configured with, and what a configuration lacks. */
export const configCommand: AddCommand = (program, context, finish) => {
  const config = program
    .command('config')
    .description('kernel configuration: show what sections need, find what a .config lacks, merge it in')
    .addHelpText(
      'after',
      `
Examples:
  vmtest config show xfs_quota kasan
  vmtest config diff .config xfs_4k --tree . --fstests ~/xfstests-dev
  vmtest config fragment xfs_4k > my.config
  vmtest config merge .config xfs_4k lockdep && make olddefconfig`,
    )
  addShow(config, context)
  addDiff(config, context, finish)
  addFragment(config, context)
  addMerge(config, context)
  for (const command of config.commands) command.exitOverride().copyInheritedSettings(program)
}

function addShow(config: Command, context: CliContext): void {
  config
    .command('show')
    .description('print the options asked for, each with the fragment it comes from')
    .argument('[names...]', NAMES)
    .option('--json', 'print them as JSON')
    .action(async (names: string[], options: { readonly json?: boolean }) => {
      const merged = mergeFragments(chooseFragments(names, await shelfOf(context)))
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
    .argument('<file>', 'the .config')
    .argument('[names...]', NAMES)
    .option('--tree <directory>', 'the kernel tree it is for: its Kconfig files say why an option is lost')
    .option('--fstests <directory>', 'an fstests tree: its tests that will be notrun are named')
    .option('--json', 'print it as JSON')
    .action(async (file: string, names: string[], options: DiffOptions) => {
      const shelf = await shelfOf(context)
      const fragments = chooseFragments(names, shelf)
      const { tree, fstests } = options
      const difference = configDifference(parseKernelConfig(await readConfig(file, context)), {
        fragments,
        sections: sectionsFor(names, shelf),
        declarations: tree === undefined ? [] : await readKconfigTree(absolute(tree, context), kernelArchitecture(context), context.ports),
        testNeeds: fstests === undefined ? null : await readTestNeeds(absolute(fstests, context), context.ports),
      })
      context.stdout.write(options.json === true ? `${JSON.stringify(difference, null, 2)}\n` : differenceText(difference))
      if (difference.lacking.length > 0 || difference.sections.length > 0) finish(DIFFERS)
    })
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

async function shelfOf({ places, ports, architecture }: CliContext): Promise<FragmentShelf> {
  const sections = await builtInSections(places, ports.files)
  const directory = join(places.checkout, 'nix/kconfig')
  return readFragmentShelf(directory, { sections, architecture: architecture === 'arm64' ? 'aarch64' : 'x86_64' }, ports)
}

/** The directory of arch/ in the kernel tree. */
function kernelArchitecture({ architecture }: CliContext): string {
  return architecture === 'arm64' ? 'arm64' : 'x86'
}

function absolute(path: string, { places }: CliContext): string {
  return resolve(places.workingDirectory, path)
}

function readConfig(file: string, context: CliContext): Promise<string> {
  return context.ports.files.readText(absolute(file, context)).catch((cause: unknown) => {
    throw new UserError(`${file} cannot be read.`, 'Give the .config of a kernel build.', { cause })
  })
}
