import { join, resolve } from 'node:path'
import { builtInSections } from '../../pipeline/resolve-selection.js'
import { parseGroupList } from '../../suites/fstests/catalogue.js'
import type { CliContext } from '../context.js'
import type { Candidate, KnownNames } from './complete.js'

/**
 * Names for completion, from what can be read in a few milliseconds: the built-in sections, and the group lists of the suite
 * the line names (`--fstests DIR`, `--suite smoke`, `--bundle offline`). Nothing is built to know a name.
 */
export function knownNames(words: readonly string[], context: Pick<CliContext, 'ports' | 'places'>): KnownNames {
  const { files } = context.ports
  const groupLists = async () => {
    const directory = suiteDirectory(words, context)
    return directory === null ? [] : readGroupLists(`${directory}/tests`, files)
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
      const names = new Set((await groupLists()).flatMap(({ groups }) => groups))
      return [...names].sort().map((word) => ({ word, description: '' }))
    },
    tests: async () => (await groupLists()).map(({ name, groups }): Candidate => ({ word: name, description: groups.join(' ') })),
  }
}

function suiteDirectory(words: readonly string[], { ports, places }: Pick<CliContext, 'ports' | 'places'>): string | null {
  const valueAfter = (option: string) => {
    const joined = words.find((word) => word.startsWith(`${option}=`))
    if (joined !== undefined) return joined.slice(option.length + 1)
    const at = words.indexOf(option)
    return at < 0 ? undefined : words[words[at + 1] === '=' ? at + 2 : at + 1]
  }
  const fstests = valueAfter('--fstests')
  // The shell has not expanded the line yet.
  if (fstests) return resolve(places.workingDirectory, fstests.replace(/^~(?=\/|$)/, ports.runner.env.HOME ?? '~'))
  const smoke = valueAfter('--suite') === 'smoke' || valueAfter('--bundle') === 'offline'
  return smoke ? join(places.checkout, 'nix/suites/smoke') : null
}

interface ListedTest {
  readonly name: string
  readonly groups: readonly string[]
}

async function readGroupLists(tests: string, files: CliContext['ports']['files']): Promise<readonly ListedTest[]> {
  const listed: ListedTest[] = []
  const directories = await files.list(tests).catch(() => [])
  for (const directory of directories) {
    const text = await files.readText(`${tests}/${directory}/group.list`).catch(() => '')
    for (const [id, groups] of parseGroupList(text)) listed.push({ name: `${directory}/${id}`, groups })
  }
  return listed
}
