import * as z from 'zod'
import { UserError } from '../../domain/errors.js'
import { sectionSchema } from '../../domain/section.js'
import { judgePrograms } from '../programs/judge.js'
import { EACH_MARKER, type Suite } from '../suite.js'
import { isKunitName, readKunit } from './catalogue.js'
import { kunitDrive } from './drive.js'
import { judgeKunit } from './verdict.js'

const section = sectionSchema.parse({
  ...{ suite: 'kunit', name: 'default', description: 'The guest as it is, without disks' },
  kernelOptions: ['CONFIG_KUNIT', 'CONFIG_KUNIT_DEBUGFS'],
})

/** Most suites take less than a second. */
const USUAL_SECONDS = 2

/** The kernel's unit tests: those of the kernel under test, wherever it comes from. */
export const kunit: Suite<Record<string, never>, null> = {
  name: 'kunit',
  title: 'the kernel’s unit tests, built in or as modules',
  settings: z.strictObject({}),
  tree: null,
  image: { leftOut: [] },
  enumerate: async () => {
    throw new UserError(
      'KUnit’s tests are in the kernel, not in a tree of their own.',
      'Give the kernel under test: `--kernel-tree`, or `--kernel` with `--vmlinux`.',
    )
  },
  ofKernel: {
    fragments: ['kunit'],
    enumerate: async (files, kernel) => ({ suite: 'kunit', tests: [...(await readKunit(files, kernel))] }),
  },
  builtInSections: async () => [section],
  choice: {
    usualGroup: 'all',
    isName: isKunitName,
    normalize: (word) => word,
    collectionOf: () => '',
    mainCollection: null,
    reaches: () => true,
  },
  needs: ({ kernelOptions }) => ({
    kernelOptions,
    memoryMiB: { usual: 512, least: 256 },
    ...{ exclusive: [], repeatedRoles: [], persistentRoles: [], writtenShare: {}, mostWrittenMiB: 0 },
  }),
  drive: kunitDrive,
  tuning: () => ({ settings: {}, extraSeconds: 0 }),
  marker: EACH_MARKER,
  expectedSeconds: () => USUAL_SECONDS,
  provocations: [],
  judge: (files, evidence) => judgePrograms(files, evidence, judgeKunit),
  guest: null,
}
