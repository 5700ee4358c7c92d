import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { bundle } from '../../scripts/bundle.mjs'
import type { RunRecord } from '../../src/domain/record.js'
import { writeFakeBundle } from '../comparison/fake-bundle.js'
import { buildAction } from '../faults/built-action.js'

// Foreign text that would take hours where its reader took more than linear time: the command, a bundle whose QEMU only speaks.
const MEBIBYTE = 1024 * 1024
const DEADLINE_MINUTES = '2'
/** The deadline, and what ends a run behind it. */
const LIMIT_SECONDS = 130
const LIMIT = LIMIT_SECONDS * 1000

/** Two seconds, twice as long on a machine that has other things to do, and as many times as it has more of them. */
const MOST_SECONDS_AFTER_SIGNAL = 2 * Math.max(2, (loadavg()[0] ?? 0) / availableParallelism())

let directory: string
beforeAll(async () => {
  directory = mkdtempSync('/var/tmp/vmtest-bounded-')
  chmodSync(directory, 0o755)
  await buildAction(join(directory, 'action'))
  await bundle({ entryPoints: [join(import.meta.dirname, '../comparison/fake-qemu.ts')], outfile: join(directory, 'fake-qemu.mjs') })
}, LIMIT)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly seconds: number
  /** From the signal on; of a run that got none, null. */
  readonly secondsAfterSignal: number | null
  readonly printed: string
}

interface Signalled {
  readonly signal: NodeJS.Signals
  /** It is sent once the command's output has these words, or what they mean is true. */
  readonly when: (printed: string) => boolean
}

/** `vmtest WORDS` in a directory of its own. */
function vmtest(words: readonly string[], signalled?: Signalled): Promise<Ended> {
  const home = join(directory, 'home')
  mkdirSync(home, { recursive: true })
  const child = spawn(process.execPath, [join(directory, 'action/dist/cli.js'), ...words], {
    cwd: directory,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), TMPDIR: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const began = performance.now()
  let printed = ''
  let sent: number | null = null
  const look = () => {
    if (signalled === undefined || sent !== null || !signalled.when(printed)) return
    sent = performance.now()
    child.kill(signalled.signal)
  }
  const timer = setInterval(look, 20)
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => {
      printed += bytes.toString('utf8')
    })
  }
  return new Promise((resolve) =>
    child.on('close', (code, signal) => {
      clearInterval(timer)
      const now = performance.now()
      const secondsAfterSignal = sent === null ? null : (now - sent) / 1000
      resolve({ code, signal, seconds: (now - began) / 1000, secondsAfterSignal, printed })
    }),
  )
}

function makeBundle(name: string, fates: Readonly<Record<string, string>>): string {
  const path = join(directory, name)
  writeFakeBundle(path, {
    fakeQemu: join(directory, 'fake-qemu.mjs'),
    tests: ['generic/001', 'generic/002'],
    fates,
    image: name,
    version: 1,
    sections: [{ name: 'xfs', fstyp: 'xfs', disks: [{ role: 'test', sizeMiB: 16 }] }],
  })
  return path
}

const runOf = (name: string, ...words: readonly string[]) => [
  ...[
    'run',
    '--bundle',
    join(directory, name),
    '--accelerator',
    'tcg',
    '--vms',
    '1',
    '--memory',
    '512',
    '--output',
    join(directory, `${name}-out`),
  ],
  ...['--timeout-minutes', DEADLINE_MINUTES, ...words, 'generic/001', 'generic/002'],
]
const recordOf = (name: string) => JSON.parse(readFileSync(join(directory, `${name}-out`, 'run.json'), 'utf8')) as RunRecord
const statuses = (record: RunRecord) => record.tests.map(({ name, status }) => `${name} ${status}`)

/** The largest file below a directory whose name is this. */
function sizeOf(path: string, name: string): number {
  const found = readdirSync(path, { recursive: true, encoding: 'utf8' }).filter((each) => each.endsWith(name))
  return Math.max(0, ...found.map((each) => statSync(join(path, each)).size))
}

describe('a run ends by its own deadline, with a record', () => {
  test(
    '2 MB of blanks in one line of what check prints',
    async () => {
      makeBundle('blanks', { 'generic/001': 'blanks' })
      const { code, seconds } = await vmtest(runOf('blanks'))
      expect(seconds).toBeLessThan(LIMIT_SECONDS)
      expect(sizeOf(join(directory, 'blanks-out'), 'check.stdout')).toBeGreaterThan(2 * MEBIBYTE)
      expect(statuses(recordOf('blanks'))).not.toContain('generic/001 pass')
      expect(code).not.toBe(0)
    },
    LIMIT,
  )

  test(
    '20 000 stars in a line of an expectations file',
    async () => {
      makeBundle('stars', { 'generic/001': 'fail' })
      const list = join(directory, 'stars.list')
      writeFileSync(
        list,
        `xfail generic/${'*'.repeat(20_000)}1 -- never ends\nnotrun generic/${'*'.repeat(10_000)}0${'*'.repeat(10_000)}2 -- nor this\n`,
      )
      const { code, seconds } = await vmtest(runOf('stars', '--expectations', list))
      expect(seconds).toBeLessThan(LIMIT_SECONDS)
      expect(statuses(recordOf('stars'))).toEqual(['generic/001 fail', 'generic/002 pass'])
      expect(code).toBe(0)
    },
    LIMIT,
  )

  test(
    '4 MB of CDATA in result.xml that nothing closes',
    async () => {
      makeBundle('cdata', { 'generic/001': 'open-cdata' })
      const { code, seconds } = await vmtest(runOf('cdata'))
      expect(seconds).toBeLessThan(LIMIT_SECONDS)
      expect(sizeOf(join(directory, 'cdata-out'), 'result.xml')).toBeGreaterThan(4 * MEBIBYTE)
      expect(statuses(recordOf('cdata'))).toHaveLength(2)
      expect(code).not.toBeNull()
    },
    LIMIT,
  )
})

describe('a signal ends the command within two seconds, whatever is read', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s while a guest prints without end',
    async (signal) => {
      const name = `flood-${signal}`
      makeBundle(name, { 'generic/001': 'flood' })
      const outputOf = () => sizeOf(join(directory, `${name}-out`), 'check.stdout')
      const { code, secondsAfterSignal } = await vmtest(runOf(name), {
        signal,
        when: (printed) => printed.includes('generic/001') && outputOf() > 8 * MEBIBYTE,
      })
      expect(secondsAfterSignal).toBeLessThan(MOST_SECONDS_AFTER_SIGNAL)
      expect(recordOf(name).conclusion.kind).toBe('cancelled')
      expect(statuses(recordOf(name))).not.toContain('generic/001 pass')
      expect(code).toBe(130)
    },
    LIMIT,
  )

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s while `vmtest report` reads',
    async (signal) => {
      const tree = join(directory, `tree-${signal}`)
      mkdirSync(tree)
      writeFileSync(join(tree, 'check.stdout'), `generic/001 ${' '.repeat(2000)}x\n`.repeat(60_000))
      const began = performance.now()
      const ended = await vmtest(['report', tree], { signal, when: () => performance.now() - began > 1000 })
      expect(ended.secondsAfterSignal).toBeLessThan(MOST_SECONDS_AFTER_SIGNAL)
      expect([ended.code, ended.signal]).toEqual([null, signal])
    },
    LIMIT,
  )
})
