import { loadBundle } from '../../src/bundle/load-bundle.js'
import { isStorePath, readIndex } from '../../src/cache/store-index.js'
import { UserError } from '../../src/domain/errors.js'
import type { Ports } from '../../src/ports/index.js'
import { conclude } from '../../src/results/conclude.js'
import { parseHistory, testTimes } from '../../src/results/history.js'
import { parseRecord } from '../../src/results/read-directory.js'
import { mustHold, type Target, textOf } from '../target.js'

const JSON_WORDS = [
  '"version":1',
  '"version":2',
  'null',
  '[]',
  '{}',
  'true',
  '-1',
  '1e999',
  '"\\u0000"',
  '"__proto__":{}',
  '"/../.."',
  ',',
  ':',
]

/** Refused with a UserError, or read; nothing else. */
async function refusedOrRead<T>(read: () => T | Promise<T>): Promise<T | null> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    mustHold(error.message !== '' && error.nextStep !== '', 'a refusal says what to do')
    return null
  }
}

/** A disk on which vmtest.json is the input and every other path exists. */
function bundleFiles(text: string): Pick<Ports, 'files'> {
  const files: Pick<Ports['files'], 'realPath' | 'readText' | 'stat'> = {
    realPath: async (path) => path,
    readText: async () => text,
    stat: async () => ({ kind: 'file', sizeBytes: 1, modifiedMs: 0, mode: 0o644 }),
  }
  return { files: files as Ports['files'] }
}

export const bundle: Target = {
  name: 'bundle',
  words: [...JSON_WORDS, '"kernel":', '"sections":', '"suites":', '"guestPath":', '"initrd":', '"architecture":"x86_64"', '"kind":"nixos"'],
  async run(input) {
    const loaded = await refusedOrRead(() => loadBundle('/b', bundleFiles(textOf(input))))
    if (loaded === null) return
    const { kernel, initrd, rootImage, sections } = loaded.bundle
    mustHold(
      [kernel.image, initrd, rootImage].every((path) => path.startsWith('/')),
      'every path of a bundle is absolute',
    )
    mustHold(sections.length > 0, 'a bundle has a section')
  },
}

export const record: Target = {
  name: 'record',
  words: [
    ...JSON_WORDS,
    '"status":"pass"',
    '"status":"notreached"',
    '"status":"fail"',
    '"conclusion":"passed"',
    '"tests":[]',
    '"attempts":[]',
  ],
  async run(input) {
    const read = await refusedOrRead(() => parseRecord(textOf(input), 'run.json'))
    if (read === null) return
    const kind = conclude(read, null, 'any').kind
    const green = read.tests.some((one) => one.status === 'pass')
    mustHold(kind !== 'passed' || green, 'a record without a passed test is not green')
    const red = read.tests.some((one) => ['fail', 'crashed', 'timeout', 'notreached'].includes(one.status) && one.expectedFailure === null)
    mustHold(kind !== 'passed' || !red, 'a record with a failed or lost test is not green')
  },
}

export const history: Target = {
  name: 'history',
  words: [...JSON_WORDS, '"runs":', '"tests":', '"samples":', '[0,"pass",1,0]', '[9,"fail",null,1]', '"timeoutFactor":8'],
  run(input) {
    const { history: read } = parseHistory(textOf(input))
    for (const test of testTimes(read)) {
      mustHold(
        test.samples.every((sample) => Number.isFinite(sample.seconds) && sample.timeoutFactor > 0),
        'a time is a number the watchdog can use',
      )
    }
  },
}

export const storeIndex: Target = {
  name: 'store-index',
  words: [
    ...JSON_WORDS,
    '"layers":',
    '"paths":',
    '"references":',
    '"deriver":',
    '"/nix/store/',
    '"narHash":',
    '"upstream":',
    '\\n',
    '"complete":true',
  ],
  run(input) {
    const reading = readIndex(textOf(input), '/nix/store')
    if (reading.kind === 'unusable') return
    const { bundlePath, upstream, layers } = reading.index
    const named = layers.flatMap((layer) => layer.paths.flatMap(({ path, references }) => [path, ...references]))
    mustHold(
      [bundlePath, ...upstream, ...named].every((path) => isStorePath(path, '/nix/store') && !/[\s]|\/\.\.?(?:\/|$)/.test(path)),
      'an index that is used names store paths only',
    )
  },
}
