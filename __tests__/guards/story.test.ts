import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { runAction } from '../../src/action/run-action.js'
import type { Annotation } from '../../src/domain/stages.js'
import { INPUTS } from '../../src/inputs/specification.js'
import { placesFrom } from '../../src/pipeline/directories.js'
import type { CommandResult, Exec, Ports, Runner } from '../../src/ports/index.js'
import { createClock } from '../../src/ports/real/clock.js'
import { createFiles } from '../../src/ports/real/files.js'
import { FakeQemu } from '../vm/fakes/fake-qemu.js'
import { fates, playGuest } from '../vm/fakes/play-guest.js'

const directories: string[] = []
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

const CHECKOUT = join(import.meta.dirname ?? __dirname, '../..')
const TESTS = ['generic/001', 'generic/002', 'generic/003', 'generic/004']

/** What the guest prints for a test, or how it dies under it. */
const FATES: Readonly<Record<string, string | null>> = {
  'generic/001': fates.pass('generic/001'),
  'generic/002': null,
  'generic/003': fates.notrun('generic/003'),
  'generic/004': fates.fail('generic/004'),
}

function makeBundle(): string {
  const directory = mkdtempSync(join(tmpdir(), 'vmtest-story-'))
  directories.push(directory)
  for (const name of ['image', 'initrd', 'root.erofs']) writeFileSync(join(directory, name), name)
  const tests = TESTS.map((name) => ({ name, groups: ['auto', 'quick'], file: `tests/${name}`, line: 1 }))
  writeFileSync(join(directory, 'catalogue.json'), JSON.stringify({ suite: 'fstests', tests }))
  const disks = [{ role: 'test', sizeMiB: 16 }]
  writeFileSync(
    join(directory, 'vmtest.json'),
    JSON.stringify({
      version: 1,
      architecture: 'x86_64',
      kernel: { image: 'image', release: '6.1.0' },
      initrd: 'initrd',
      rootImage: 'root.erofs',
      guestPath: ['/bin'],
      suites: [{ name: 'fstests', guestPath: '/fstests', catalogue: 'catalogue.json' }],
      sections: [{ name: 'xfs', fstyp: 'xfs', disks }],
      revisions: { kernel: 'v6.1' },
    }),
  )
  return directory
}

/** A QEMU that boots and plays the guest's side until there is no more work or a test kills it. */
function startGuest(): FakeQemu {
  const qemu = new FakeQemu()
  void playGuest(qemu, (name) => FATES[name] ?? null)
  return qemu
}

function makeExec(qemus: FakeQemu[]): Exec {
  const answer = (stdout: string): CommandResult => ({ code: 0, signal: null, stdout, stderr: '', timedOut: false })
  const answers: Readonly<Record<string, string>> = { 'uname -m': 'x86_64', 'uname -srm': 'Linux 6.12.0 x86_64', nproc: '1', 'id -u': '0' }
  return {
    run: async (argv) => {
      const known = answers[argv.join(' ')]
      if (known !== undefined) return answer(`${known}\n`)
      if (argv[0] === '/bin/qemu-system-x86_64') return answer('QEMU emulator version 9.0.0\n')
      throw new Error(`unexpected command: ${argv.join(' ')}`)
    },
    spawn: async (argv) => {
      if (argv[0] !== '/bin/qemu-system-x86_64') throw new Error(`unexpected process: ${argv.join(' ')}`)
      const qemu = startGuest()
      qemus.push(qemu)
      return qemu
    },
    interactive: () => Promise.reject(new Error('unexpected terminal')),
    which: async (program) => (program === 'qemu-system-x86_64' ? '/bin/qemu-system-x86_64' : null),
  }
}

function makeRunner(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>>) {
  const seen = {
    log: [] as string[],
    outputs: {} as Record<string, string>,
    annotations: [] as Annotation[],
    summary: '',
    failed: '',
    states: [] as string[],
  }
  const runner: Runner = {
    kind: 'github',
    env: { GITHUB_JOB: 'fstests', ...env },
    info: (text) => void seen.log.push(text),
    warning: (text) => void seen.log.push(`warning: ${text}`),
    error: (text) => void seen.log.push(`error: ${text}`),
    debug: () => undefined,
    group: (_title, body) => body(),
    untrusted: (text) => void seen.log.push(text),
    annotate: (annotation) => void seen.annotations.push(annotation),
    mask: () => undefined,
    setOutput: (name, value) => {
      seen.outputs[name] = value
    },
    saveState: (_name, value) => void seen.states.push(value),
    getState: () => '',
    getInput: (name) => inputs[name] ?? INPUTS.find((input) => input.name === name)?.default ?? '',
    writeSummary: async (markdown) => {
      seen.summary = markdown
    },
    setFailed: (message) => {
      seen.failed = message
    },
    exportVariable: () => undefined,
    addPath: () => undefined,
  }
  return { runner, seen }
}

async function play(inputs: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) {
  const { runner, seen } = makeRunner(inputs, env)
  const cached = { restores: [] as string[], saves: [] as string[] }
  const qemus: FakeQemu[] = []
  const uploads: string[][] = []
  const retention: unknown[] = []
  const temporary = mkdtempSync(join(tmpdir(), 'vmtest-story-'))
  directories.push(temporary)
  mkdirSync(join(temporary, 'work'))
  const ports: Ports = {
    runner,
    exec: makeExec(qemus),
    files: createFiles(),
    clock: createClock(),
    cacheStore: {
      available: () => true,
      writable: () => true,
      restore: async (_paths, key) => {
        cached.restores.push(key)
        return { kind: 'miss' }
      },
      save: async (_paths, key) => {
        cached.saves.push(key)
        return { kind: 'saved' }
      },
    },
    artifactStore: {
      available: () => true,
      upload: async (_name, files, _root, options) => {
        uploads.push([...files])
        retention.push(options)
        return { kind: 'uploaded', id: 77, sizeBytes: 1 }
      },
      list: async () => [],
      download: async () => null,
    },
    http: { get: () => Promise.reject(new Error('unexpected download')) },
    github: {
      available: () => false,
      changedFiles: async () => null,
      caches: { usedBytes: async () => null, list: async () => null, remove: async () => false },
    },
  }
  await runAction(ports, {
    places: placesFrom({ checkout: CHECKOUT, workingDirectory: join(temporary, 'work'), env: { RUNNER_TEMP: temporary, HOME: temporary } }),
    platform: 'linux',
    architecture: 'x64',
    toolVersion: '0.0.0',
    signal: new AbortController().signal,
  })
  return { seen, qemus, uploads, retention, cached }
}

test('the whole story: a crash costs one test, a fresh guest runs the rest, every test has its verdict', async () => {
  const { seen, qemus, uploads } = await play({ bundle: makeBundle(), accelerator: 'tcg', groups: 'quick' })
  expect(seen.outputs).toMatchObject({
    conclusion: 'failed',
    planned: '4',
    passed: '1',
    failed: '2',
    notrun: '1',
    notreached: '0',
    accelerator: 'tcg',
    'artifact-id': '77',
  })
  expect(seen.failed).toContain('generic/002')
  expect(qemus.length).toBeGreaterThan(1)
  const record = JSON.parse(readFileSync(seen.outputs.record ?? '', 'utf8'))
  expect(record.tests.map((one: { name: string; status: string }) => `${one.name} ${one.status}`).sort()).toEqual([
    'generic/001 pass',
    'generic/002 crashed',
    'generic/003 notrun',
    'generic/004 fail',
  ])
  expect(seen.summary).toContain('generic/002')
  expect(seen.summary).toContain('vmtest run --bundle')
  expect(seen.annotations.some(({ level }) => level === 'error')).toBe(true)
  expect(uploads[0]?.some((path) => path.endsWith('junit.xml'))).toBe(true)
  expect(uploads[0]?.some((path) => path.includes('vmtest-disks-'))).toBe(false)
  expect(JSON.parse(seen.states.at(-1) ?? '{}')).toMatchObject({ stage: 'post', artifactUploaded: true })
}, 60_000)

test('a policy of never leaves the step green and the conclusion as it is', async () => {
  const { seen } = await play({ bundle: makeBundle(), accelerator: 'tcg', groups: 'quick', 'fail-on': 'never' })
  expect(seen.outputs.conclusion).toBe('failed')
  expect(seen.failed).toBe('')
}, 60_000)

test('a cache that is only read is asked for the record to compare with, and nothing is saved in it', async () => {
  const env = { GITHUB_REPOSITORY: 'o/linux', GITHUB_RUN_ID: '7', GITHUB_REF: 'refs/heads/main', GITHUB_SHA: 'a'.repeat(40) }
  const inputs = { bundle: makeBundle(), accelerator: 'tcg', groups: 'quick' }
  const keysOf = async (cache: string) => (await play({ ...inputs, cache }, env)).cached
  const written = await keysOf('true')
  expect(written.saves).toEqual([expect.stringMatching(/^kernel-vmtest-record-.*-a{40}-7-1$/)])
  const read = await keysOf('read')
  expect(read.restores).toEqual(written.restores)
  expect(read.saves).toEqual([])
  expect(await keysOf('false')).toEqual({ restores: [], saves: [] })
}, 60_000)

test('the artifact is kept as long as asked for, or as the repository has it', async () => {
  const inputs = { bundle: makeBundle(), accelerator: 'tcg', groups: 'quick' }
  expect((await play({ ...inputs, 'retention-days': '14' })).retention).toEqual([{ retentionDays: 14 }])
  expect((await play(inputs)).retention).toEqual([{}])
}, 60_000)

test('two mistakes are one message, and nothing is started', async () => {
  const { seen, qemus } = await play({ accelerator: 'kmv', upload: 'sometimes' })
  expect(seen.failed).toContain('`accelerator` is `kmv`; allowed: auto, kvm, tcg')
  expect(seen.failed).toContain('`upload` is `sometimes`; allowed: always, failure, never')
  expect(qemus).toEqual([])
})

test('a test that does not exist is refused before booting, with the nearest', async () => {
  const { seen, qemus } = await play({ bundle: makeBundle(), accelerator: 'tcg', tests: 'generic/0002' })
  expect(seen.failed).toContain('did you mean `generic/002`?')
  expect(seen.outputs.conclusion).toBe('could-not-test')
  expect(qemus).toEqual([])
})
