import { foreignPrograms, readLog } from '../programs/foreign-log.js'
import type { ForeignResults, TreeReader } from '../suite.js'
import { type LoggedTest, readKselftestLog } from './log.js'

/** What only run_kselftest.sh prints: a test's announcement, or its result. */
const OF_RUNNER = /^(?:# |(?:ok|not ok) \d{1,9}(?: \d{1,9})? )selftests: \S{1,250}: \S/m
/** How much of a file is looked at for that. */
const LOOKED_AT_BYTES = 256 * 1024
/** Names that people give such a log. */
const LOG_NAME = /\.(?:log|txt|tap|out)$|^(?:log|output|stdout)/i
const MOST_FILES = 100

/** A log of run_kselftest.sh; null where the file is none. */
export async function readForeignKselftestLog(files: TreeReader, path: string): Promise<ForeignResults | null> {
  return (await isLog(files, path)) ? readLogs(files, [path]) : null
}

/** Every log of run_kselftest.sh that lies in a directory (LKFT keeps one a collection); null where there is none. */
export async function readForeignKselftest(files: TreeReader, directory: string): Promise<ForeignResults | null> {
  const names = (await files.list(directory)).filter((name) => LOG_NAME.test(name)).sort()
  const logs: string[] = []
  for (const name of names.slice(0, MOST_FILES)) if (await isLog(files, `${directory}/${name}`)) logs.push(`${directory}/${name}`)
  if (logs.length === 0) return null
  const left = names.length - MOST_FILES
  return readLogs(files, logs, left > 0 ? [`${directory} has ${left} more files that may be logs, which were not looked at.`] : [])
}

async function isLog(files: TreeReader, path: string): Promise<boolean> {
  const entry = await files.stat(path)
  if (entry?.kind !== 'file') return false
  const bytes = await files.readBytes(path, { offset: 0, length: Math.min(entry.sizeBytes, LOOKED_AT_BYTES) })
  return OF_RUNNER.test(new TextDecoder().decode(bytes))
}

async function readLogs(files: TreeReader, paths: readonly string[], doubts: readonly string[] = []): Promise<ForeignResults> {
  const all: { path: string; tests: readonly LoggedTest[] }[] = []
  const why = [...doubts]
  for (const path of paths) {
    const log = await readLog(files, path)
    if (log === null) continue
    const { tests, problems } = readKselftestLog(log.text)
    all.push({ path, tests })
    why.push(...problems, ...(log.cut === null ? [] : [log.cut]))
  }
  return foreignPrograms(
    'kselftest',
    all.flatMap(({ path, tests }) => tests.map((test) => ({ ...test, path, file: fileOf(test.name) }))),
    {
      description: paths.join(', '),
      doubts: why,
    },
  )
}

function fileOf(name: string): string {
  return name.replace(/:(?=[^:]*$)/, '/')
}
