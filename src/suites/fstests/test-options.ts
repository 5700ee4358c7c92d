import { join } from 'node:path'
import type { Section } from '../../domain/section.js'
import type { Files } from '../../ports/index.js'
import { readFstestsCatalogue } from './catalogue.js'
import { kernelOptionsOfTest } from './kernel-options.js'
import { fstestsSettings } from './settings.js'
import { testDirectory } from './test-name.js'

/**
 * What each test of an fstests tree asks of the kernel, of those that the sections run by a group. Tests that ask for nothing are left out.
 * @throws UserError where the directory is no fstests tree
 */
export async function readTestOptions(
  files: Pick<Files, 'list' | 'readText' | 'readBytes' | 'realPath' | 'stat'>,
  directory: string,
  sections: readonly Section[],
): Promise<readonly { readonly name: string; readonly options: readonly string[] }[]> {
  const { tests } = await readFstestsCatalogue(files, directory, 'fstests')
  const fileSystems = new Set(['generic', 'shared', ...sections.map((section) => fstestsSettings(section).fstyp)])
  const found: { name: string; options: readonly string[] }[] = []
  for (const { name } of tests.filter((test) => fileSystems.has(testDirectory(test.name)))) {
    const options = kernelOptionsOfTest(await files.readText(join(directory, 'tests', name)))
    if (options.length > 0) found.push({ name, options })
  }
  return found
}
