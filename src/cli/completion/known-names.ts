import { join, resolve } from 'node:path'
import { lastBundle } from '../../bundle/index.js'
import type { CatalogueTest, SuiteName } from '../../domain/test.js'
import { builtInSections } from '../../pipeline/resolve-selection.js'
import { ownFlakeReference } from '../../plan/own-flake.js'
import type { Ports } from '../../ports/index.js'
import { parseHistory } from '../../results/index.js'
import { parseGroupList } from '../../suites/fstests/catalogue.js'
import { suiteOf, suites } from '../../suites/index.js'
import type { CliContext } from '../context.js'
import type { Candidate, KnownNames } from './complete.js'

type ListedTest = Pick<CatalogueTest, 'name' | 'groups'>

/**
 * Names for completion, from what can be read in a few milliseconds: the built-in sections, and the tests of the suites the line names
 * (`--fstests DIR`, `--kselftest DIR`, `--suite smoke`), else of the last bundle of the flake at hand, else of the smoke suite, which is what runs
 * without any.
 * Nothing is built to know a name.
 */
export function knownNames(words: readonly string[], context: Pick<CliContext, 'ports' | 'places'>): KnownNames {
  const { files } = context.ports
  let read: Promise<readonly ListedTest[]> | undefined
  const tests = () => {
    read ??= listedTests(words, context).catch(() => [])
    return read
  }
  return {
    sections: async () => {
      const asked = suitesOf(words)
      const trees = Object.keys(suites).filter((suite) => suites[suite]?.tree !== null && valueAfter(`--${suite}`, words))
      const named = [...new Set([...asked, ...(asked.length === 0 ? trees : [])])]
      const meant = named.length === 0 ? ['fstests'] : named
      const sections = (await Promise.all(meant.map((suite) => builtInSections(suite, context.places, files)))).flat()
      return sections.map(({ name, description }) => ({ word: name, description: description ?? '' }))
    },
    fragments: async () => {
      const names = await files.list(join(context.places.checkout, 'nix/kconfig'))
      return names.filter((name) => name.endsWith('.config')).map((name) => ({ word: name.slice(0, -'.config'.length), description: '' }))
    },
    groups: async () => {
      const names = new Set((await tests()).flatMap(({ groups }) => groups))
      return [...names].sort().map((word) => ({ word, description: '' }))
    },
    tests: async () => (await tests()).map(({ name, groups }): Candidate => ({ word: name, description: groups.join(' ') })),
    pastTests: () => pastTests(context),
    runs: async () => {
      const names = await files.list(join(context.places.projectDirectory, '.vmtest/runs')).catch(() => [])
      return [...names].reverse().map((name) => ({ word: `.vmtest/runs/${name}`, description: '' }))
    },
  }
}

async function listedTests(words: readonly string[], context: Pick<CliContext, 'ports' | 'places'>): Promise<readonly ListedTest[]> {
  const { files } = context.ports
  const named = await namedTrees(words, context)
  const listed = await Promise.all(named.map(({ suite, tree }) => testsOf(suite, tree, files).catch(() => [])))
  return listed.flat()
}

interface SuiteTreeAt {
  readonly suite: SuiteName
  readonly tree: string
}

/** Trees of the suites that would run, as far as they can be known without building. */
async function namedTrees(words: readonly string[], { ports, places }: Pick<CliContext, 'ports' | 'places'>): Promise<SuiteTreeAt[]> {
  const given = Object.keys(suites).flatMap((suite): SuiteTreeAt[] => {
    const value = suites[suite]?.tree === null ? undefined : valueAfter(`--${suite}`, words)
    // The shell has not expanded the line yet.
    return value ? [{ suite, tree: resolve(places.workingDirectory, value.replace(/^~(?=\/|$)/, ports.runner.env.HOME ?? '~')) }] : []
  })
  const asked = suitesOf(words)
  const isMeant = (suite: SuiteName) => asked.length === 0 || asked.includes(suite)
  const smoke = { suite: 'smoke', tree: join(places.checkout, 'nix/suites/smoke') }
  const open = asked.filter((name) => !given.some(({ suite }) => suite === name))
  if (given.length > 0 && open.length === 0) return given.filter(({ suite }) => isMeant(suite))
  if (valueAfter('--bundle', words) === 'offline') return [...given, ...(isMeant('smoke') ? [smoke] : [])]
  const last = (await lastOfFlake(places, ports.files))?.suites ?? []
  const usual = last.find(({ name }) => name === 'fstests') ?? last[0]
  const chosen = open.length > 0 ? last.filter(({ name }) => open.includes(name)) : usual === undefined ? [] : [usual]
  const built = chosen.flatMap(({ name, source }) => (source === undefined ? [] : [{ suite: name, tree: source }]))
  const isSmoke = open.length > 0 ? open.includes('smoke') && !built.some(({ suite }) => suite === 'smoke') : built.length === 0
  return [...given, ...built, ...(isSmoke ? [smoke] : [])]
}

/** What `--suite` names, as often and with as many words as it stands there. */
function suitesOf(words: readonly string[]): readonly SuiteName[] {
  const values = words.flatMap((word, at) =>
    word === '--suite' ? [words[words[at + 1] === '=' ? at + 2 : at + 1] ?? ''] : word.startsWith('--suite=') ? [word.slice(8)] : [],
  )
  return values.flatMap((value) => value.split(/[\s,]+/)).filter((name) => Object.hasOwn(suites, name))
}

/** From the group lists where there are any: a tree has thousands of tests, each a file. */
async function testsOf(suite: SuiteName, tree: string, files: Ports['files']): Promise<readonly ListedTest[]> {
  const listed: ListedTest[] = []
  const directories = await files.list(`${tree}/tests`).catch(() => [])
  for (const directory of directories) {
    const text = await files.readText(`${tree}/tests/${directory}/group.list`).catch(() => '')
    for (const [id, groups] of parseGroupList(text)) listed.push({ name: `${directory}/${id}`, groups: [...groups] })
  }
  return listed.length > 0 ? listed : (await suiteOf(suite).enumerate(files, tree)).tests
}

/** The bundle that the flake of the directory, or a person's own beside it, gave last. */
async function lastOfFlake(
  { workingDirectory, projectDirectory, cacheDirectory }: CliContext['places'],
  files: CliContext['ports']['files'],
) {
  for (const flake of ['.', projectDirectory, ownFlakeReference(projectDirectory)]) {
    const last = await lastBundle({ flake, attribute: 'vmtest', cwd: workingDirectory, cacheDirectory }, { files })
    if (last !== null) return last
  }
  return null
}

function valueAfter(option: string, words: readonly string[]): string | undefined {
  const joined = words.find((word) => word.startsWith(`${option}=`))
  if (joined !== undefined) return joined.slice(option.length + 1)
  const at = words.indexOf(option)
  return at < 0 ? undefined : words[words[at + 1] === '=' ? at + 2 : at + 1]
}

/** Tests that were planned in earlier runs, with how they ended last. */
async function pastTests({ ports, places }: Pick<CliContext, 'ports' | 'places'>): Promise<readonly Candidate[]> {
  const text = await ports.files.readText(join(places.projectDirectory, '.vmtest/history.json')).catch(() => null)
  if (text === null) return []
  const names = new Set(parseHistory(text).history.tests.map(({ name }) => name))
  return [...names].sort().map((word) => ({ word, description: '' }))
}
