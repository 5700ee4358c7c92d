import { join } from 'node:path'
import { createClassifier } from '../crash/index.js'
import type { BuiltSuite } from '../domain/stages.js'
import type { SuiteName } from '../domain/test.js'
import type { Files } from '../ports/index.js'
import { suiteOf, type TestText } from '../suites/index.js'
import type { ConsoleObserver } from '../vm/index.js'

/** No test is longer. */
const MOST_TEST_BYTES = 256 * 1024

/**
 * Who reads a guest's console: told of the suite how a kernel log names the running test, and of the tests that are to run what they make the
 * kernel say on purpose, as far as their text is at hand.
 */
export async function consoleObservers(
  suites: readonly BuiltSuite[],
  tests: readonly { readonly suite: SuiteName; readonly name: string }[],
  files: Files,
): Promise<(suite: SuiteName) => ConsoleObserver> {
  const watched = new Map<SuiteName, Parameters<typeof createClassifier>[0]>()
  for (const built of suites) {
    const { marker, provocations, provocationsOf } = suiteOf(built.name)
    const chosen = new Set(tests.filter(({ suite }) => suite === built.name).map(({ name }) => name))
    const own = provocationsOf?.(await readTests(built, chosen, files)) ?? provocations
    watched.set(built.name, { programs: true, suites: [{ marker, provocations: own }] })
  }
  return (suite) => createClassifier(watched.get(suite))
}

async function readTests({ catalogue, source }: BuiltSuite, chosen: ReadonlySet<string>, files: Files): Promise<readonly TestText[]> {
  const read: TestText[] = []
  for (const { name, groups, file } of catalogue.tests.filter((test) => chosen.has(test.name))) {
    const text =
      source === null ? null : await files.readBytes(join(source, file), { offset: 0, length: MOST_TEST_BYTES }).catch(() => null)
    read.push({ name, groups, text: text === null ? null : new TextDecoder().decode(text) })
  }
  return read
}
