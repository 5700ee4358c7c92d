import * as z from 'zod'
import type { Architecture } from '../../domain/bundle.js'
import type { Provocation } from '../../domain/kernel-report.js'
import { sectionSchema } from '../../domain/section.js'
import type { CatalogueTest, SuiteName, TestName } from '../../domain/test.js'
import { foreignPrograms } from '../built-program.js'
import { EACH_MARKER, type Suite, type SuiteChoice } from '../suite.js'
import { programDrive } from './drive.js'
import { judgePrograms } from './judge.js'

/** A suite without settings of its own. */
const settings = z.strictObject({})

/** Seconds under KVM; most programs take less than one, few take their whole limit. */
const USUAL_SECONDS = 3

/** What suites of programs differ in: kselftest and one's own scripts. */
export interface ProgramSuite {
  readonly name: SuiteName
  readonly title: string
  /** What the input of its name takes, in a sentence. */
  readonly tree: string
  /** Of its one section. */
  readonly description: string
  readonly enumerate: Suite['enumerate']
  readonly isName: SuiteChoice['isName']
  readonly normalize: SuiteChoice['normalize']
  readonly collectionOf: SuiteChoice['collectionOf']
  /** Where a test's program is, below the tree. */
  readonly fileOf: (name: TestName) => string
  /** How its programs come to be for another architecture, as a sentence. */
  readonly buildFor: (architecture: Architecture) => string
  readonly provocations: readonly Provocation[]
  readonly readForeignDirectory?: NonNullable<Suite['readForeignDirectory']>
  readonly readForeignLog?: NonNullable<Suite['readForeignLog']>
}

/** A suite whose tests are programs that the guest's agent runs one by one. Its one section, `default`, has no disks. */
export function programSuite(own: ProgramSuite): Suite<Record<string, never>, null> {
  const { name, title, enumerate, provocations, readForeignDirectory, readForeignLog } = own
  const section = sectionSchema.parse({ suite: name, name: 'default', description: own.description })
  return {
    ...{ name, title, settings, enumerate, provocations, drive: programDrive, guest: null, marker: EACH_MARKER, judge: judgePrograms },
    tree: own.tree,
    image: { leftOut: ['.git'] },
    obstacles: async (files, directory, { architecture, tests }) => {
      const obstacle = await foreignPrograms(files, directory, { programs: tests.map(own.fileOf), architecture })
      return obstacle === null ? [] : [`${obstacle} ${own.buildFor(architecture)}`]
    },
    builtInSections: async () => [section],
    choice: {
      usualGroup: 'all',
      isName: own.isName,
      normalize: own.normalize,
      collectionOf: own.collectionOf,
      mainCollection: null,
      reaches: () => true,
    },
    needs: ({ kernelOptions }, tests) => ({
      kernelOptions: [...new Set([...kernelOptions, ...tests.flatMap((test) => test.needs?.kernelOptions ?? [])])],
      memoryMiB: { usual: 1024, least: 512 },
      exclusive: tests.filter((test) => test.needs?.exclusive === true).map((test) => test.name),
      ...{ repeatedRoles: [], persistentRoles: [], writtenShare: {}, mostWrittenMiB: 0 },
    }),
    tuning: () => ({ settings: {}, extraSeconds: 0 }),
    expectedSeconds: (_test: CatalogueTest) => USUAL_SECONDS,
    ...(readForeignDirectory === undefined ? {} : { readForeignDirectory }),
    ...(readForeignLog === undefined ? {} : { readForeignLog }),
  }
}
