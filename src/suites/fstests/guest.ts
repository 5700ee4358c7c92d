import type { Section } from '../../domain/section.js'
import type { SuiteGuest } from '../suite.js'
import { fstestsSettings } from './settings.js'

/** nix/suites/fstests/guest: the test file system is made there, and `check` started. */
export const fstestsGuest: SuiteGuest = {
  folder: 'fstests',
  variables: (section: Section) => {
    const { fstyp, mkfsOptions } = fstestsSettings(section)
    return {
      fstyp,
      mkfs_options: mkfsOptions,
      nfs_server: section.needs?.includes('nfs-server') === true ? '1' : '',
      // What `_require_*` remembers (common/rc), and result.xml while it is written (common/report).
      transient: 'require_* *.xml.new',
      // check:938
      logger_word: 'run xfstest ',
      suite_hint: ': try ./check TEST',
    }
  },
}
