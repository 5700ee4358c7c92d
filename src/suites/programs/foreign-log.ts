import { sectionSchema } from '../../domain/section.js'
import type { SuiteName } from '../../domain/test.js'
import type { ProgramVerdict } from '../ktap/index.js'
import type { ForeignResults, TreeReader } from '../suite.js'

/** What is read of a log that was made elsewhere. */
const MOST_MIB = 64

/** One test as a log has it. */
export interface LoggedVerdict extends ProgramVerdict {
  readonly name: string
  /** Its source, relative to the suite's tree. */
  readonly file: string
  /** The log it stands in. */
  readonly path: string
}

/** A log, and whether all of it was read. */
export interface ForeignLog {
  readonly text: string
  /** Why it is not the whole log, a sentence; null where it is. */
  readonly cut: string | null
}

/** Bytes that are no UTF-8 become U+FFFD. */
export async function readLog(files: TreeReader, path: string): Promise<ForeignLog | null> {
  const entry = await files.stat(path)
  if (entry?.kind !== 'file') return null
  const length = Math.min(entry.sizeBytes, MOST_MIB * 1024 * 1024)
  const text = new TextDecoder().decode(await files.readBytes(path, { offset: 0, length }))
  return { text, cut: entry.sizeBytes > length ? `${path} is longer than the ${MOST_MIB} MiB that are read.` : null }
}

/** Results of a suite of programs, as logs have them. @param about its `doubts`: why what they say is not to be believed, a sentence each */
export function foreignPrograms(
  suite: SuiteName,
  found: readonly LoggedVerdict[],
  about: { readonly description: string; readonly doubts: readonly string[] },
): ForeignResults {
  const section = sectionSchema.parse({ suite, name: 'default', description: `as found in ${about.description}` })
  const tests = found.map(({ name, file, path, status, message, subtests, subtestCount }) => {
    const counted = subtestCount === 0 ? {} : { subtests, subtestCount }
    const files = [{ kind: 'output', path }]
    return { section: section.name, name, file, attempts: [{ status, seconds: null, message, diff: null, files, ...counted }] }
  })
  return {
    sections: [{ section, kernelRelease: null, platform: null, couldNotTest: about.doubts.length === 0 ? null : about.doubts.join(' ') }],
    tests,
    ...{ disagreements: [], problems: [], startedAt: [], startedAtLocal: [], endedAt: [], machine: {} },
    printed: tests.map(({ name }) => ({ section: section.name, name })),
  }
}
