import * as z from 'zod'
import { sectionSchema } from '../../domain/section.js'
import type { CatalogueTest } from '../../domain/test.js'
import { machineOf } from '../built-program.js'
import { judgePrograms } from '../programs/judge.js'
import { type BatchEvidence, EACH_MARKER, type Suite, type TreeReader } from '../suite.js'
import { METADATA, PROGRAMS, readLtp } from './catalogue.js'
import { ltpDrive } from './drive.js'
import { summonsOomKiller } from './known.js'
import { entryOf, type LtpMetadata, parseLtpMetadata } from './metadata.js'
import { isLtpName, parseRuntest } from './runtest.js'
import { judgeLtp } from './verdict.js'

const section = sectionSchema.parse({
  ...{ suite: 'ltp', name: 'default', description: 'A disk with ext4 for the files of the tests' },
  disks: [{ role: 'work', sizeMiB: 4096 }],
  kernelOptions: ['CONFIG_EXT4_FS'],
})

/** Most take less than one; those with a run time take it whole. */
const USUAL_SECONDS = 3

/** Whether a test is of the new API: its program is in the metadata, where the tree is at hand. */
async function knownPrograms(files: TreeReader, { source, tests }: BatchEvidence): Promise<(name: string) => boolean> {
  if (source === null) return () => false
  const read = async (path: string) => new TextDecoder().decode(await files.readBytes(`${source}/${path}`))
  let metadata: LtpMetadata
  try {
    metadata = parseLtpMetadata(await read(METADATA), METADATA)
  } catch {
    return () => false
  }
  const known = new Set<string>()
  for (const file of new Set(tests.map((name) => name.slice(0, Math.max(0, name.indexOf('/')))))) {
    const text = await read(`runtest/${file}`).catch(() => '')
    for (const { tag, programs } of linesOf(text))
      if (programs.some((program) => entryOf(metadata, program) !== null)) known.add(`${file}/${tag}`)
  }
  return (name) => known.has(name)
}

function linesOf(text: string) {
  try {
    return parseRuntest(text, 'runtest')
  } catch {
    return []
  }
}

/** Among so many of the programs one is no script. */
const LOOKED_AT = 100

/** Its programs are all built for one architecture: the first that is no script tells which. */
const ltpObstacles: NonNullable<Suite['obstacles']> = async (files, directory, { architecture }) => {
  const names = (await files.list(`${directory}/${PROGRAMS}`).catch(() => [])).filter((name) => !name.endsWith('.sh'))
  for (const name of names.slice(0, LOOKED_AT)) {
    const machine = await machineOf(files, `${directory}/${PROGRAMS}/${name}`)
    if (machine === architecture) return []
    if (machine !== null) {
      return [
        `${directory} is built for ${machine}, and the guest is ${architecture}. Configure LTP with \`--host=${architecture}-linux-gnu\`, build and install it again.`,
      ]
    }
  }
  return []
}

/** The Linux Test Project's tests, one program each, without a runner in the guest. */
export const ltp: Suite<Record<string, never>, null> = {
  name: 'ltp',
  title: 'the Linux Test Project (linux-test-project/ltp)',
  settings: z.strictObject({}),
  tree: 'An installed LTP, /opt/ltp for example (docs/howto/ltp.md).',
  image: { leftOut: ['.git', 'output', 'results', 'share'], built: PROGRAMS },
  obstacles: ltpObstacles,
  enumerate: async (files, directory) => ({ suite: 'ltp', tests: [...(await readLtp(files, directory))] }),
  builtInSections: async () => [section],
  choice: {
    usualGroup: 'syscalls',
    isName: isLtpName,
    normalize: (word) => word.replace(/^(?:\.\/|runtest\/)+/, ''),
    collectionOf: (name) => name.slice(0, Math.max(0, name.indexOf('/'))),
    mainCollection: null,
    reaches: () => true,
  },
  needs: ({ kernelOptions }, tests) => ({
    kernelOptions: [...new Set([...kernelOptions, ...tests.flatMap((test) => test.needs?.kernelOptions ?? [])])],
    memoryMiB: { usual: 1536, least: 768 },
    exclusive: tests.filter((test) => test.needs?.exclusive === true).map(({ name }) => name),
    ...{ repeatedRoles: [], persistentRoles: [], writtenShare: { work: 0.3 }, mostWrittenMiB: 4096 },
  }),
  drive: ltpDrive,
  tuning: () => ({ settings: {}, extraSeconds: 0 }),
  marker: EACH_MARKER,
  expectedSeconds: (_test: CatalogueTest) => USUAL_SECONDS,
  provocations: [
    {
      isOf: (test) => summonsOomKiller(test.slice(test.indexOf('/') + 1)),
      kinds: ['oom'],
      why: 'fills memory until the kernel kills',
    },
  ],
  judge: async (files, evidence) => {
    const isKnown = await knownPrograms(files, evidence)
    return judgePrograms(files, evidence, (end, output, name) => judgeLtp(end, output, isKnown(name)))
  },
  guest: { folder: 'ltp', variables: () => ({ suite_hint: ': try testcases/bin/access01' }) },
}
