import { UserError } from '../../domain/errors.js'
import type { CatalogueTest } from '../../domain/test.js'
import type { Files } from '../../ports/index.js'

type TreeFiles = Pick<Files, 'list' | 'readText' | 'stat'>

/** Group of tests that run on the devices of TEST_DEVS. */
export const DEVICE_GROUP = 'device'

const IDS = /^\d{3}$/
const GROUPS = /^[a-z][a-z0-9_-]*$/
const READS_AT_ONCE = 64

/** What a test's text says of it. */
export interface TestTraits {
  /** 1-based, of its DESCRIPTION. */
  readonly line: number
  readonly quick: boolean
  readonly timed: boolean
  /** It runs once for each device of TEST_DEVS, or on an array of them. */
  readonly device: boolean
}

/**
 * Every test of a blktests tree, in the order `check` runs them. A test's groups are its directory, `quick` and `timed` as blktests has them, and
 * `device` for those that run on the devices of TEST_DEVS.
 * @throws UserError when the directory is no blktests tree
 */
export async function readBlktests(files: TreeFiles, directory: string): Promise<readonly CatalogueTest[]> {
  const names = await files.list(`${directory}/tests`).catch(() => [])
  const isTree = (await files.stat(`${directory}/check`))?.kind === 'file' && (await files.stat(`${directory}/common/rc`)) !== null
  if (!isTree || names.length === 0) {
    throw new UserError(
      `${directory} is no blktests tree: it has no \`check\`, no \`common/rc\`, or no \`tests\`.`,
      'Give a checkout of https://github.com/linux-blktests/blktests in which `make` has run.',
    )
  }
  const tests: CatalogueTest[] = []
  for (const group of names.filter((name) => GROUPS.test(name))) {
    // What has no rc is no group (`_find_tests` of check).
    if ((await files.stat(`${directory}/tests/${group}/rc`)) === null) continue
    tests.push(...(await readGroup(files, directory, group)))
  }
  if (tests.length === 0) throw new UserError(`${directory} has no test in any group.`, 'Check out blktests again.')
  return tests
}

async function readGroup(files: TreeFiles, directory: string, group: string): Promise<CatalogueTest[]> {
  const ids = (await files.list(`${directory}/tests/${group}`)).filter((name) => IDS.test(name)).sort()
  const tests: CatalogueTest[] = []
  for (let at = 0; at < ids.length; at += READS_AT_ONCE) {
    const some = ids.slice(at, at + READS_AT_ONCE)
    const texts = await Promise.all(some.map((id) => files.readText(`${directory}/tests/${group}/${id}`)))
    for (const [index, id] of some.entries()) {
      const { line, ...traits } = traitsOf(texts[index] ?? '')
      const groups = [
        group,
        ...(traits.quick ? ['quick'] : []),
        ...(traits.timed ? ['timed'] : []),
        ...(traits.device ? [DEVICE_GROUP] : []),
      ]
      tests.push({ name: `${group}/${id}`, groups, file: `tests/${group}/${id}`, line })
    }
  }
  return tests
}

/** Reads a test's text without running it. */
export function traitsOf(text: string): TestTraits {
  const description = /^DESCRIPTION=/m.exec(text)
  return {
    line: description === null ? 1 : text.slice(0, description.index).split('\n').length,
    quick: /^QUICK=1\b/m.test(text),
    timed: /^TIMED=1\b/m.test(text),
    device: /^test_device(?:_array)?\(\)/m.test(text),
  }
}
