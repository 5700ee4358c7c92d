import type { Suite } from '../suite.js'
import { readBuiltInSections } from './built-in-sections.js'
import { readFstestsCatalogue } from './catalogue.js'
import { fstestsCommand } from './command.js'
import { fstestsGuest } from './guest.js'
import { createProgressParser } from './progress.js'

export { readBuiltInSections } from './built-in-sections.js'
export { readFstestsCatalogue } from './catalogue.js'
export { fstestsCommand } from './command.js'
export { type Doubt, whyExitStatus } from './doubts.js'
export type { EvidenceAttempt, EvidenceVerdict } from './evidence-verdict.js'
export { type FileSystemNotes, type FstestsEvidence, gatherEvidence, type TreeReader } from './gather.js'
export { fstestsGuest } from './guest.js'
export { kernelOptionsOfTest } from './kernel-options.js'
export { type LocalConfig, localConfigSections } from './local-config.js'
export { type OutputSection, readOutput } from './output.js'
export { createProgressParser } from './progress.js'
export type { ResultFile, ResultFileKind } from './result-files.js'
export { diskRoles, type FstestsSettings, fstestsSettings } from './settings.js'
export { isTestName, testDirectory, testNameSource } from './test-name.js'
export { type FstestsVerdicts, readFstestsResults } from './verdicts.js'
export { readWantedPrograms, type WantedProgram } from './wanted-programs.js'
export type { EvidenceStatus } from './weigh.js'

/** Real xfstests. */
export const fstests: Suite = {
  name: 'fstests',
  readCatalogue: (files, directory) => readFstestsCatalogue(files, directory, 'fstests'),
  builtInSections: (files, checkout) => readBuiltInSections(files, checkout, 'fstests'),
  command: fstestsCommand,
  progressParser: createProgressParser,
  guest: fstestsGuest,
}
