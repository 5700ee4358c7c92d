import { basename, join } from 'node:path'
import { type Command, Option } from 'commander'
import { type ConfiguredTree, configureKernelTree, editInMenu } from '../../bundle/index.js'
import { UserError } from '../../domain/errors.js'
import {
  configDifference,
  differenceText,
  type FragmentShelf,
  fragmentProblems,
  mergeFragments,
  parseKernelConfig,
  parseSetting,
  readKconfigTree,
  type Setting,
  setInFragment,
} from '../../kconfig/index.js'
import { treeFragment } from '../../plan/kernel-tree.js'
import { withProgress } from '../../report/progress-view.js'
import { readTestOptions } from '../../suites/fstests/index.js'
import { absolute, kernelArchitecture, shelfOf, treeAtHand } from '../config-places.js'
import type { CliContext } from '../context.js'

interface EditOptions {
  readonly with?: string
  readonly set?: readonly string[]
  readonly drop?: readonly string[]
  readonly kernelTree?: string
  readonly kernelConfig?: string
  readonly fstests?: string
}

const HEADER = `# The part of the kernel's configuration that is kept beside this tree: merged last, before what --kconfig names.
# CONFIG_XFS_DEBUG=y
# An option that is off is written as the kernel writes it: "# CONFIG_XFS_WARN is not set", without the quotes.
`

/** The parts of a command's work that read alike in each way of editing. */
interface Edit {
  readonly path: string
  /** Empty where there is no fragment yet. */
  readonly before: string
  readonly tree: string
  readonly options: EditOptions
  readonly context: CliContext
}

const repeatable = (value: string, before: readonly string[] | undefined) => [...(before ?? []), value]

/** `vmtest config edit`: the fragment kept beside the tree, by editor, menu or option; then what became of it. */
export function addEdit(config: Command, context: CliContext): void {
  config
    .command('edit')
    .description('edit the part of the configuration that is kept beside the tree, and say what did not survive, and what that costs')
    .addOption(
      new Option('--with <program>', 'what to edit with: $VISUAL or $EDITOR, or a menu of the tree’s own')
        .choices(['editor', 'menuconfig', 'nconfig'])
        .default('editor'),
    )
    .option('--set <option>', 'set an option (CONFIG_XFS_DEBUG=y) or all of a fragment (kasan), and open nothing; repeatable', repeatable)
    .option('--drop <option>', 'take an option or all of a fragment out again, and open nothing; repeatable', repeatable)
    .option('--kernel-tree <directory>', 'the kernel tree; default: the one at hand')
    .option('--kernel-config <value>', 'what the configuration starts from, as for `vmtest run`')
    .option('--fstests <directory>', 'an fstests tree: its tests that will be notrun are named')
    .addHelpText(
      'after',
      '\nExamples:\n  vmtest config edit\n  vmtest config edit --with menuconfig\n  vmtest config edit --set kasan --set CONFIG_XFS_DEBUG=y --fstests ~/xfstests-dev\n  vmtest config edit --drop kasan',
    )
    .action(async (options: EditOptions) => {
      const tree = await treeAtHand(options.kernelTree, context)
      const path = treeFragment(tree)
      const before = await context.ports.files.readText(path).catch(() => '')
      await edit({ path, before, tree, options, context })
    })
}

/** What was typed is kept once the tree is configured with it: an interrupted command, or one that fails, leaves all as it was. */
async function edit(work: Edit): Promise<void> {
  const { context, options, path, before } = work
  const text = await newText(work)
  const changed = text !== before
  const problems = fragmentProblems(text)
  if (problems.length > 0) {
    await keep(text, path, context)
    throw new UserError(`${path}: ${problems.join(' ')}`, 'It is kept as you left it; correct it with `vmtest config edit`.')
  }
  const tree = await configured(work, text).catch((error: unknown) => {
    throw nothingKept(error, work)
  })
  if (context.signal.aborted) throw nothingKept(null, work)
  await keep(text, path, context)
  context.stdout.write(`${await account(tree, work, { text, changed })}`)
  if (options.fstests === undefined) context.stdout.write('With `--fstests DIRECTORY` the tests that will be notrun are named.\n')
}

function nothingKept(error: unknown, { path, context }: Edit): unknown {
  if (context.signal.aborted) {
    return new UserError(`Interrupted: ${path} is as it was.`, 'Start it again.', { kind: 'could-not-test' })
  }
  if (!(error instanceof UserError)) return error
  return new UserError(`${error.message}\n${path} is as it was.`, error.nextStep, { kind: error.kind, cause: error.cause })
}

async function newText(work: Edit): Promise<string> {
  const { before, options, context } = work
  const { set = [], drop = [] } = options
  if (set.length > 0 || drop.length > 0) return setInFragment(before, await settingsOf(set, drop, context))
  if (options.with !== 'editor') {
    if (!context.stdout.isTerminal) throw new UserError('A menu needs a terminal.', 'Use `--set CONFIG_NAME=y`.')
    return setInFragment(before, await editInMenu(await configured(work, before), options.with ?? '', context.ports))
  }
  return editByHand(work)
}

async function settingsOf(set: readonly string[], drop: readonly string[], context: CliContext): Promise<readonly Setting[]> {
  const shelf = await shelfOf(context)
  const dropped = drop.flatMap((word): readonly Setting[] => {
    const name = /^(?:CONFIG_)?([A-Z0-9]\w*)$/.exec(word)?.[1]
    return (
      optionsOfFragment(word, shelf)?.map((option) => ({ ...option, value: null })) ?? [
        { name: name === undefined ? refuseWord(word, shelf) : `CONFIG_${name}`, value: null },
      ]
    )
  })
  const wanted = set.flatMap((word) => optionsOfFragment(word, shelf) ?? [parseSetting(word) ?? refuseWord(word, shelf)])
  return [...dropped, ...wanted]
}

function optionsOfFragment(word: string, { fragments }: FragmentShelf): readonly { name: string; value: string }[] | null {
  const fragment = fragments.find(({ name }) => name === word)
  return fragment === undefined ? null : [...mergeFragments([fragment]).options.values()].map(({ name, value }) => ({ name, value }))
}

function refuseWord(word: string, { fragments }: FragmentShelf): never {
  throw new UserError(
    `\`${word}\` is neither an option such as \`CONFIG_XFS_DEBUG=y\` nor a fragment.`,
    `Fragments: ${fragments.map(({ name }) => name).join(', ')}.`,
  )
}

/** In a file beside, so that the one that counts changes only when all is well. */
async function editByHand({ before, path, context }: Edit): Promise<string> {
  const { exec, files, runner } = context.ports
  const { VISUAL, EDITOR } = runner.env
  const named = VISUAL || EDITOR
  const found = named ?? (await firstOf(['editor', 'nano', 'vi'], context))
  if (found === null) throw new UserError('There is no editor.', 'Set EDITOR, or use `--set CONFIG_NAME=y`.')
  const beside = path.replace(/\.config$/, '.edit.config')
  await files.write(beside, before === '' ? HEADER : before)
  try {
    // As git does it: the variable may hold arguments (`code --wait`).
    const { code } = await exec.interactive(['sh', '-c', `${found} "$@"`, found, beside])
    if (code === 0) return await files.readText(beside).catch(() => '')
    throw new UserError(
      `The editor (${found}) ended with ${code}; nothing was changed.`,
      'Set EDITOR to another one, or use `--set CONFIG_NAME=y`.',
    )
  } finally {
    await files.remove(beside)
  }
}

async function firstOf(programs: readonly string[], { ports }: CliContext): Promise<string | null> {
  for (const program of programs) if ((await ports.exec.which(program)) !== null) return program
  return null
}

const isEmptyFragment = (text: string) => text.split('\n').every((line) => /^\s*$/.test(line)) || text === HEADER

/** A fragment that asks for nothing is no file. */

async function keep(text: string, path: string, { ports }: CliContext): Promise<void> {
  if (isEmptyFragment(text)) await ports.files.remove(path)
  else await ports.files.write(path, text)
}

/** The tree configured with this text in the place of the fragment that is kept beside it. */
async function configured({ tree, options, context, path }: Edit, text: string): Promise<ConfiguredTree> {
  const { ports, places, signal, stderr } = context
  const output = { live: stderr.isTerminal, columns: stderr.columns, write: (line: string) => stderr.write(line) }
  const fragments = isEmptyFragment(text) ? [] : [{ name: basename(path, '.config'), text }]
  return withProgress(output, ports.clock, (onProgress) =>
    configureKernelTree(
      {
        ...{
          directory: tree,
          config: options.kernelConfig ?? null,
          kconfig: [],
          fragments,
          signal,
          who: '`vmtest config edit`',
          onProgress,
        },
        ...{ checkout: places.checkout, cacheDirectory: places.cacheDirectory, workspace: places.workingDirectory },
      },
      ports,
    ),
  )
}

async function account(
  tree: ConfiguredTree,
  { path, options, context }: Edit,
  { text, changed }: { readonly text: string; readonly changed: boolean },
): Promise<string> {
  const { ports } = context
  const actual = parseKernelConfig(await ports.files.readText(join(tree.setting.objects, '.config')))
  const own = mergeFragments([{ name: 'kernel', text }]).options.size
  const shelf = await shelfOf(context)
  const difference = configDifference(actual, {
    ...{ fragments: tree.fragments, sections: shelf.sections },
    declarations: await readKconfigTree(tree.setting.tree, kernelArchitecture(context), ports),
    testNeeds:
      options.fstests === undefined ? null : await readTestOptions(ports.files, absolute(options.fstests, context), shelf.sections),
  })
  const what =
    own === 0 ? `${path}: not there, nothing is asked for beside the usual.` : `${path}: ${own} ${own === 1 ? 'option' : 'options'}.`
  return `${what}${changed ? ' The next run builds it.' : ' Nothing changed.'}\n${differenceText(difference)}`
}
