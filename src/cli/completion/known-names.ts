import { join, resolve } from 'node:path'
import { lastBundle } from '../../bundle/index.js'
import type { CatalogueTest, SuiteName } from '../../domain/test.js'
import { builtInSections } from '../../pipeline/resolve-selection.js'
import { ownFlakeReference } from '../../plan/own-flake.js'
import type { Ports } from '../../ports/index.js'
import { parseHistory } from '../../results/index.js'
import { parseGroupList } from '../../suites/fstests/catalogue.js'
import { suiteOf } from '../../suites/index.js'
import type { CliContext } from '../context.js'
import type { Candidate, KnownNames } from './complete.js'

type ListedTest = Pick<CatalogueTest, 'name' | 'groups'>

/**
 * Names for completion, from what can be read in a few milliseconds: the built-in sections, and the tests of the suite the line names
 * (`--fstests DIR`, `--suite smoke`), else of the last bundle of the flake at hand, else of the smoke suite, which is what runs without any.
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
      const sections = await builtInSections('fstests', context.places, files)
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

async function listedTests(
  words: readonly string[],
  { ports, places }: Pick<CliContext, 'ports' | 'places'>,
): Promise<readonly ListedTest[]> {
  const { files } = ports
  const fstests = valueAfter('--fstests', words)
  // The shell has not expanded the line yet.
  const tree = fstests && resolve(places.workingDirectory, fstests.replace(/^~(?=\/|$)/, ports.runner.env.HOME ?? '~'))
  if (tree) return testsOf('fstests', tree, files)
  const smoke = () => testsOf('smoke', join(places.checkout, 'nix/suites/smoke'), files)
  if (valueAfter('--suite', words) === 'smoke' || valueAfter('--bundle', words) === 'offline') return smoke()
  const last = await lastOfFlake(places, files)
  const suite = last?.suites.find(({ name }) => name === 'fstests') ?? last?.suites[0]
  if (suite?.source !== undefined) return testsOf(suite.name, suite.source, files)
  return smoke()
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
