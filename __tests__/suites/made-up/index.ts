import * as z from 'zod'
import type { Section } from '../../../src/domain/section.js'
import { testFileName } from '../../../src/domain/test-file.js'
import { EACH_MARKER, type Suite } from '../../../src/suites/index.js'

/** A suite as somebody would add one: its tests are lines of a file, and what they printed says how they went. */
export const madeUp: Suite<{ readonly level?: string | undefined }> = {
  name: 'made-up',
  title: 'tests that are lines of a file',
  settings: z.object({ level: z.string().optional() }),
  enumerate: async (files, directory) => {
    const names = (await files.readText(`${directory}/list`)).split('\n').filter((name) => name !== '')
    return { suite: 'made-up', tests: names.map((name, index) => ({ name, groups: ['all-of-it'], file: 'list', line: index + 1 })) }
  },
  builtInSections: async (): Promise<readonly Section[]> => [
    {
      suite: 'made-up',
      name: 'default',
      description: 'no disks',
      disks: [],
      environment: {},
      kernelOptions: [],
      settings: { level: 'low' },
    },
  ],
  tree: 'A directory with a file `list`.',
  image: { leftOut: [] },
  choice: {
    usualGroup: 'all-of-it',
    isName: (text) => /^\S+$/.test(text),
    normalize: (word) => word,
    collectionOf: (name) => name.split(':')[0] ?? '',
    mainCollection: null,
    reaches: () => true,
  },
  needs: () => ({
    kernelOptions: [],
    memoryMiB: { usual: 256, least: 128 },
    exclusive: [],
    repeatedRoles: [],
    persistentRoles: [],
    writtenShare: {},
    mostWrittenMiB: 0,
  }),
  drive: {
    kind: 'each',
    exitWord: (code) => (code === 0 ? 'ended' : 'fail'),
    command: (test, { guestPath }) => ({
      argv: ['/bin/sh', `./${testFileName(test.name)}`],
      environment: {},
      cwd: guestPath,
      limitSeconds: test.limitSeconds ?? null,
    }),
  },
  tuning: () => ({ settings: {}, extraSeconds: 0 }),
  marker: EACH_MARKER,
  expectedSeconds: () => 5,
  provocations: [],
  guest: { folder: 'made-up', variables: ({ settings }) => ({ made_up_level: String(settings.level) }) },
  judge: async (files, { directory, tests }) => {
    const judged = []
    for (const name of tests) {
      const path = `${directory}/results/tests/${testFileName(name)}.out`
      const text = (await files.stat(path))?.kind === 'file' ? new TextDecoder().decode(await files.readBytes(path)) : null
      if (text === null) continue
      const passed = text.trim() === 'good'
      const attempt = {
        status: passed ? ('pass' as const) : ('fail' as const),
        seconds: null,
        message: passed ? null : text.trim(),
        diff: null,
        files: [{ kind: 'output', path }],
        subtests: [{ name: 'the only', status: passed ? ('pass' as const) : ('fail' as const), message: null }],
      }
      judged.push({ name, attempts: [attempt] })
    }
    return { tests: judged, disagreements: [], problems: [], doubts: [], logs: {}, kernelRelease: null, platform: null, proof: null }
  },
}
