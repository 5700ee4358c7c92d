import * as z from 'zod'
import type { Section } from '../../domain/section.js'
import type { CatalogueTest, TestName } from '../../domain/test.js'
import { programObstacle } from '../built-program.js'
import type { Suite, SuiteCommand, SuiteScale } from '../suite.js'
import { readBlktests } from './catalogue.js'
import { judgeBlktests } from './judge.js'
import { BlktestsProgress } from './progress.js'
import { blktestsProvocations, blktestsProvocationsOf, META } from './provocations.js'
import { blktestsSections } from './sections.js'
import { groupOf, isBlktestsName } from './test-name.js'

/** Our additions in the guest (nix/suites/blktests/guest). */
const CONFIG = '/vmtest/suite/check-config'
const EMULATED_CONFIG = '/vmtest/suite/emulated-config'

/** A program that `make` makes wherever it runs. */
const BUILT = 'src/loblksize'

/**
 * blktests' own limit, in seconds, for each test that honours one, at the value of its `-q`. Without it some of them read gigabytes by 4 KiB (block/006):
 * hours of an emulated guest.
 */
const EMULATED = { TIMEOUT: '30' }

/** What `timed` tests take on their own (`: "${TIMEOUT:=30}"` and more), and others, in seconds. */
const EXPECTED = { timed: 60, other: 10 }

function command(section: Section, tests: readonly TestName[], { emulated }: SuiteScale): SuiteCommand {
  return {
    environment: { ...(emulated ? EMULATED : {}), ...section.environment },
    arguments: ['-c', CONFIG, ...(emulated ? ['-c', EMULATED_CONFIG] : []), ...tests],
  }
}

/** The block layer's tests. */
export const blktests: Suite<Record<string, never>, null> = {
  name: 'blktests',
  title: 'the block layer’s tests (linux-blktests/blktests)',
  settings: z.strictObject({}),
  tree: 'A blktests tree in which `make` has run (docs/howto/blktests.md).',
  image: { leftOut: ['.git', 'results', 'config'], built: BUILT },
  obstacles: async (files, directory, { architecture }) => {
    const obstacle = await programObstacle(files, directory, { programs: [BUILT], name: BUILT, architecture })
    return obstacle === null ? [] : [obstacle]
  },
  enumerate: async (files, directory) => ({ suite: 'blktests', tests: [...(await readBlktests(files, directory))] }),
  builtInSections: async () => blktestsSections,
  choice: {
    usualGroup: 'all',
    isName: isBlktestsName,
    normalize: (word) => word.replace(/^(?:\.\/|tests\/)+/, ''),
    collectionOf: groupOf,
    mainCollection: null,
    reaches: (collection, { group, section }) =>
      (collection !== META || group === META) && (section.name !== 'nvme-loop' || collection === 'nvme'),
  },
  needs: ({ kernelOptions, environment }) => ({
    kernelOptions,
    // What tests write into null_blk's gigabyte stays in memory.
    memoryMiB: environment.TEST_DEVS === 'null_blk' ? { usual: 2560, least: 1792 } : { usual: 1536, least: 768 },
    ...{ exclusive: [], repeatedRoles: [], persistentRoles: [], writtenShare: { work: 0.5 }, mostWrittenMiB: 4096 },
  }),
  drive: { kind: 'runner', command, progress: () => new BlktestsProgress() },
  tuning: ({ emulated }) => ({ settings: emulated ? EMULATED : {}, extraSeconds: 0 }),
  marker: String.raw`run blktests (?<name>[a-z]\S{0,200}/\d{3}) at (?<at>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)`,
  expectedSeconds: ({ groups }: CatalogueTest) => (groups.includes('timed') ? EXPECTED.timed : EXPECTED.other),
  provocations: blktestsProvocations,
  provocationsOf: blktestsProvocationsOf,
  judge: judgeBlktests,
  guest: { folder: 'blktests', variables: () => ({ logger_word: 'run blktests ', suite_hint: ': try ./check GROUP/NNN' }) },
}
