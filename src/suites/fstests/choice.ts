import type { Section } from '../../domain/section.js'
import type { SuiteChoice } from '../suite.js'
import { isTestName, testDirectory } from './test-name.js'

/** The directory of tests for every file system. */
const GENERIC = 'generic'

/**
 * How tests of fstests' shape are chosen.
 * @param usualGroup without any request: check itself runs `auto`, which takes hours of fstests
 */
export function fstestsChoice(usualGroup: string): SuiteChoice {
  return {
    usualGroup,
    isName: isTestName,
    // check takes `tests/generic/001` too.
    normalize: (word) => word.replace(/^(?:\.\/)?tests\//, ''),
    collectionOf: testDirectory,
    mainCollection: GENERIC,
    reaches: (directory, { group, section, collections }) =>
      // A suite without a `generic` directory (smoke's selftest) has no split by file system: all of its tests are for all.
      !collections.has(GENERIC) || directory === GENERIC || directory === directoryOfSection(section, group),
  }
}

/** Of which directory a section takes tests by group, as `get_group_list` of check has it. */
function directoryOfSection({ settings }: Pick<Section, 'settings'>, group: string): string {
  const fstyp = typeof settings.fstyp === 'string' ? settings.fstyp : ''
  return group !== 'all' && (fstyp === 'ext2' || fstyp === 'ext3') ? 'ext4' : fstyp
}
