import { fstestsShaped } from './shape.js'

export { readBuiltInSections } from './built-in-sections.js'
export { readFstestsCatalogue } from './catalogue.js'
export { fstestsCommand } from './command.js'
export type { EvidenceAttempt, EvidenceVerdict } from './evidence-verdict.js'
export { type FileSystemNotes, type FstestsEvidence, gatherEvidence } from './gather.js'
export { type LocalConfig, localConfigSections } from './local-config.js'
export { type OutputSection, readOutput } from './output.js'
export { createProgressParser } from './progress.js'
export type { ResultFile, ResultFileKind } from './result-files.js'
export { type FstestsSettings, fstestsSettings } from './settings.js'
export { fstestsShaped } from './shape.js'
export { testNameSource } from './test-name.js'
export { readTestOptions } from './test-options.js'
export { type FstestsVerdicts, readFstestsResults } from './verdicts.js'
export { readWantedPrograms, type WantedProgram } from './wanted-programs.js'
export type { EvidenceStatus } from './weigh.js'

/** Real xfstests, which everybody runs with 2 GiB and more (xfstests-bld: 2048, kd: 4096). */
export const fstests = fstestsShaped({
  name: 'fstests',
  title: 'the file system tests of xfstests-dev',
  // Its `auto` takes hours.
  usualGroup: 'quick',
  memoryMiB: { usual: 2048, least: 1024 },
  readsForeign: true,
  tree: 'A built or installed xfstests tree to run instead of the bundle’s.',
})
