import type { Suite } from '../suite.js'
import { readFstestsCatalogue } from './catalogue.js'
import { fstestsCommand } from './command.js'
import { createProgressParser } from './progress.js'

export { readFstestsCatalogue } from './catalogue.js'
export { fstestsCommand } from './command.js'
export { localConfigSections } from './local-config.js'
export { createProgressParser } from './progress.js'

/** Real xfstests. */
export const fstests: Suite = {
  name: 'fstests',
  readCatalogue: (files, directory) => readFstestsCatalogue(files, directory, 'fstests'),
  command: fstestsCommand,
  progressParser: createProgressParser,
}
