import { fstestsShaped } from '../fstests/index.js'

/** The small built-in suite. It has fstests' shape on purpose (nix/suites/smoke), so the same readers serve both. */
export const smoke = fstestsShaped({
  name: 'smoke',
  title: 'the small suite that comes with vmtest',
  // As check itself has it.
  usualGroup: 'auto',
  memoryMiB: { usual: 512, least: 256 },
  readsForeign: false,
  tree: null,
})
