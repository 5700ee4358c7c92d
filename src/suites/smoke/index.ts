import { createProgressParser, fstestsCommand, fstestsGuest, readBuiltInSections, readFstestsCatalogue } from '../fstests/index.js'
import type { Suite } from '../suite.js'

/** The small built-in suite. It has fstests' shape on purpose (nix/suites/smoke), so the same reader serves both. */
export const smoke: Suite = {
  name: 'smoke',
  readCatalogue: (files, directory) => readFstestsCatalogue(files, directory, 'smoke'),
  builtInSections: (files, checkout) => readBuiltInSections(files, checkout, 'smoke'),
  command: fstestsCommand,
  progressParser: createProgressParser,
  guest: fstestsGuest,
}
