import { UserError } from '../../domain/errors.js'
import type { CatalogueTest } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'
import { isOfTheGuest, onlyByName, summonsOomKiller, TIMED_PROGRAMS } from './known.js'
import { entryOf, featuresOf, type LtpMetadata, limitOf, parseLtpMetadata } from './metadata.js'
import { isRuntestFile, parseRuntest, type RuntestLine } from './runtest.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'stat'>

/** Where the programs lie, below an installed LTP. */
export const PROGRAMS = 'testcases/bin'
export const METADATA = 'metadata/ltp.json'

/**
 * Every test of an installed LTP: each line of each file in `runtest`, by the name FILE/TAG; its group is the file. Limits and needs are those of
 * `metadata/ltp.json`. A line whose program was not installed runs only where it is named itself.
 * @throws UserError when the directory is no installed LTP, its metadata is cut off, or a runtest file cannot be read
 */
export async function readLtp(files: TreeFiles, directory: string): Promise<readonly CatalogueTest[]> {
  const installed = new Set(await files.list(`${directory}/${PROGRAMS}`).catch(() => []))
  const names = (await files.list(`${directory}/runtest`).catch(() => [])).filter(isRuntestFile)
  if (installed.size === 0 || names.length === 0) throw await notInstalled(files, directory)
  const path = `${directory}/${METADATA}`
  const text = await files.readText(path).catch((cause: unknown) => {
    throw new UserError(
      `${path} is not there: it has the limits and the needs of the tests.`,
      'Make it with `make -C metadata` in the LTP tree, and install it: `make install`.',
      { cause },
    )
  })
  const metadata = parseLtpMetadata(text, path)
  const tests: CatalogueTest[] = []
  for (const name of names) {
    const lines = parseRuntest(await files.readText(`${directory}/runtest/${name}`), `${directory}/runtest/${name}`)
    tests.push(...lines.map((line) => testOf(name, line, { metadata, installed })))
  }
  if (tests.length > 0 && tests.every(({ onlyByName: reason }) => reason !== undefined)) {
    throw new UserError(`${directory}/${PROGRAMS} has none of the programs that runtest names.`, 'Install LTP again: `make install`.')
  }
  return tests
}

function testOf(
  file: string,
  { tag, programs, line }: RuntestLine,
  { metadata, installed }: { readonly metadata: LtpMetadata; readonly installed: ReadonlySet<string> },
): CatalogueTest {
  const isKnown = (program: string) => entryOf(metadata, program) !== null
  const isLtps = (program: string) => installed.has(program) || isKnown(program) || !isOfTheGuest(program)
  const own = programs.filter(isLtps)
  const missing = own.find((program) => !installed.has(program))
  const why = missing === undefined ? onlyByName(file) : `its program ${missing} is not installed`
  // A line without a program of LTP's has no metadata.
  const program = own.find(isKnown) ?? own[0] ?? ''
  const guests = programs.filter((name) => !isLtps(name))
  const features = [...featuresOf(metadata, program), ...(TIMED_PROGRAMS.has(program) ? ['clock'] : [])]
  const needs = {
    ...(guests.length === 0 ? {} : { programs: guests }),
    ...(features.length === 0 ? {} : { features }),
    ...(summonsOomKiller(program) ? { exclusive: true } : {}),
  }
  return {
    ...{ name: `${file}/${tag}`, groups: [file], file: `runtest/${file}`, line, limitSeconds: limitOf(metadata, program) },
    ...(why === null ? {} : { onlyByName: why }),
    ...(Object.keys(needs).length === 0 ? {} : { needs }),
  }
}

async function notInstalled(files: TreeFiles, directory: string): Promise<UserError> {
  const isSource = (await files.stat(`${directory}/configure.ac`)) !== null
  return new UserError(
    `${directory} is no installed LTP: it has no programs in ${PROGRAMS}, or no files in runtest.`,
    isSource
      ? 'That is its source tree. Build and install it: `make autotools && ./configure --prefix=/opt/ltp && make && make install`, and give /opt/ltp.'
      : 'Give the directory that LTP’s `make install` filled, /opt/ltp for example.',
  )
}
