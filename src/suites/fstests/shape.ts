import type { SuiteName } from '../../domain/test.js'
import type { Suite, SuiteNeeds } from '../suite.js'
import { readBuiltInSections } from './built-in-sections.js'
import { readFstestsCatalogue } from './catalogue.js'
import { fstestsChoice } from './choice.js'
import { fstestsCommand } from './command.js'
import { readForeignFstests } from './foreign.js'
import { fstestsGuest } from './guest.js'
import { judgeFstests } from './judge.js'
import { localConfigSections } from './local-config.js'
import { expectedFstestsSeconds, fstestsNeeds, fstestsTuning } from './needs.js'
import { createProgressParser } from './progress.js'
import { fstestsProvocations } from './provocations.js'
import { provocationsOfTree } from './provocations-of-tree.js'
import { type SectionEvidence, whyNotTheSection } from './section-proof.js'
import { type FstestsSettings, fstestsSettingsSchema } from './settings.js'
import { treeObstacles } from './tree-obstacles.js'

/** What tells two suites of fstests' shape apart. */
export interface Shape {
  readonly name: SuiteName
  readonly title: string
  readonly usualGroup: string
  readonly memoryMiB: SuiteNeeds['memoryMiB']
  /** Whether results made elsewhere are taken for this suite's. */
  readonly readsForeign: boolean
  readonly tree: string | null
}

/** A suite with a `check` of its own, tests in directories and groups, and file systems in its sections. */
export function fstestsShaped({ name, title, usualGroup, memoryMiB, readsForeign, tree }: Shape): Suite<FstestsSettings, SectionEvidence> {
  return {
    name,
    title,
    settings: fstestsSettingsSchema,
    enumerate: (files, directory) => readFstestsCatalogue(files, directory, name),
    builtInSections: (files, checkout) => readBuiltInSections(files, checkout, name),
    tree,
    // Its helper programs are compiled; earlier runs in the tree leave `results`.
    image: { leftOut: ['.git', 'results'], built: 'ltp/fsstress' },
    obstacles: treeObstacles,
    localConfigSections: (text, path) => localConfigSections(text, path, name),
    choice: fstestsChoice(usualGroup),
    needs: (section) => fstestsNeeds(section, memoryMiB),
    drive: { kind: 'runner', command: fstestsCommand, progress: createProgressParser },
    tuning: fstestsTuning,
    // Written to /dev/kmsg before each test (`check:939`); the date may differ in form between versions.
    marker: String.raw`run fstests (?<name>\S{1,200}/\d{3}\S{0,200}) at (?<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)`,
    expectedSeconds: expectedFstestsSeconds,
    provocations: fstestsProvocations,
    provocationsOf: (tests) => provocationsOfTree(tests, fstestsProvocations),
    guest: fstestsGuest,
    judge: judgeFstests,
    proof: (section, batches) =>
      whyNotTheSection(
        section,
        batches.map(({ proof }) => proof),
      ),
    ...(readsForeign ? { readForeignDirectory: (files, directory) => readForeignFstests(files, directory, name) } : {}),
  }
}
