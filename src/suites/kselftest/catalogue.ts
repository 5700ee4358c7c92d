import { UserError } from '../../domain/errors.js'
import type { CatalogueTest } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { optionsOfConfig } from '../programs/config-file.js'
import { DEFAULT_LIMIT_SECONDS, limitOfSettings } from '../programs/settings.js'
import { onlyByName } from './known.js'
import { type ListedTest, parseKselftestList } from './list.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'stat'>

export const KSELFTEST_LIST = 'kselftest-list.txt'

/** Where `make install` puts kselftest where nobody says otherwise, relative to the kernel tree and to its object directory. */
const INSTALLED_PLACES = ['tools/testing/selftests/kselftest_install', 'kselftest/kselftest_install', 'kselftest_install', 'kselftest']

/**
 * Every test of an installed kselftest: its kselftest-list.txt is the plan. A test's groups are its collection and those around it
 * (`net/forwarding`, `net`).
 * @throws UserError when the directory is no installed kselftest, or when a collection of its list was not installed with it
 */
export async function readKselftest(files: TreeFiles, directory: string): Promise<readonly CatalogueTest[]> {
  const path = `${directory}/${KSELFTEST_LIST}`
  if ((await files.stat(path)) === null) throw await notInstalled(files, directory)
  const listed = parseKselftestList(await files.readText(path), path)
  if (listed.length === 0)
    throw new UserError(`${path} lists no test.`, 'Install the targets again: `make -C tools/testing/selftests install`.')
  const collections = [...new Set(listed.map(({ collection }) => collection))]
  const tests: CatalogueTest[] = []
  for (const collection of collections) {
    tests.push(
      ...(await readCollection(
        files,
        directory,
        collection,
        listed.filter((test) => test.collection === collection),
      )),
    )
  }
  return tests
}

async function readCollection(
  files: TreeFiles,
  directory: string,
  collection: string,
  listed: readonly ListedTest[],
): Promise<readonly CatalogueTest[]> {
  const place = `${directory}/${collection}`
  const there = new Set(await files.list(place).catch(() => []))
  // make's install step is green where rsync is missing: the list is whole then, and every directory empty.
  if (!listed.some(({ program }) => there.has(program))) {
    throw new UserError(
      `${directory}/${KSELFTEST_LIST} lists tests of \`${collection}\`, and none of them is in ${place}: the installation is not whole.`,
      'Install again with FORCE_TARGETS=1 and rsync(1) there: kselftest’s own `make install` exits with 0 without it.',
    )
  }
  const settings = there.has('settings') ? await files.readText(`${place}/settings`) : null
  const limitSeconds = settings === null ? DEFAULT_LIMIT_SECONDS : limitOfSettings(settings, `${place}/settings`)
  const kernelOptions = there.has('config') ? optionsOfConfig(await files.readText(`${place}/config`)) : []
  const parts = collection.split('/')
  const groups = parts.map((_, index) => parts.slice(0, index + 1).join('/'))
  return listed.map(({ program }) => {
    const name = `${collection}:${program}`
    const why = onlyByName(name)
    const needs = {
      ...(kernelOptions.length === 0 ? {} : { kernelOptions: [...kernelOptions] }),
      ...(why === null ? {} : { exclusive: true }),
    }
    return {
      name,
      groups,
      file: `${collection}/${program}`,
      line: 1,
      limitSeconds,
      ...(why === null ? {} : { onlyByName: why }),
      ...(Object.keys(needs).length === 0 ? {} : { needs }),
    }
  })
}

async function notInstalled(files: TreeFiles, directory: string): Promise<UserError> {
  for (const place of INSTALLED_PLACES) {
    if ((await files.stat(`${directory}/${place}/${KSELFTEST_LIST}`)) === null) continue
    return new UserError(`${directory} is no installed kselftest itself, but ${directory}/${place} is one.`, `Give ${directory}/${place}.`)
  }
  return new UserError(
    `${directory} is no installed kselftest: it has no ${KSELFTEST_LIST}.`,
    'Give the directory that `make -C tools/testing/selftests install INSTALL_PATH=…` filled, or a kernel tree with the targets to build.',
  )
}
