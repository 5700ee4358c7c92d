import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { bundle } from '../../scripts/bundle.mjs'
import type { RunRecord } from '../../src/domain/record.js'
import { buildOfflineBundle } from '../lab/vm-lab.js'
import { buildAction } from './built-action.js'

// What a host can do to a run besides filling up: set its clock, lose /dev/kvm, do two jobs at once. The command of this source, real
// guests.
const LIMIT = 600_000
let directory: string
let bundlePath: string

beforeAll(async () => {
  directory = mkdtempSync('/var/tmp/vmtest-host-')
  bundlePath = buildOfflineBundle()
  await buildAction(join(directory, 'action'))
  await bundle({ entryPoints: [join(import.meta.dirname, 'one-run.ts')], outfile: join(directory, 'one-run.mjs') })
}, LIMIT)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Command {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>
}

/** `vmtest run` in a directory. */
function vmtest(
  workspace: string,
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
  onLine?: (line: string) => void,
): Command {
  mkdirSync(workspace, { recursive: true })
  const home = join(directory, 'home')
  const argv = [
    join(directory, 'action/dist/cli.js'),
    'run',
    '--suite',
    'smoke',
    '-s',
    'ext4',
    '--accelerator',
    'tcg',
    '--vms',
    '1',
    ...words,
  ]
  const child = spawn(process.execPath, argv, {
    cwd: workspace,
    env: { ...process.env, HOME: home, XDG_CACHE_HOME: join(home, '.cache'), TMPDIR: directory, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line)
      onLine?.(line)
    })
  }
  const ended = new Promise<{ code: number | null; said: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, said: lines.join('\n') })),
  )
  return { child, ended }
}

const record = (path: string) => JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as RunRecord

const FAKETIME = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib']
  .map((path) => join(path, 'faketime/libfaketimeMT.so.1'))
  .find((path) => existsSync(path))
if (FAKETIME === undefined) console.warn('skipped: a clock that jumps (needs faketime)')
const withFaketime = FAKETIME === undefined ? test.skip : test

withFaketime(
  'a wall clock that is set back, and then years forward, changes no verdict, no limit and no duration',
  async () => {
    const clock = join(directory, 'clock')
    writeFileSync(clock, '+0')
    const output = join(directory, 'jumps')
    const env = {
      LD_PRELOAD: FAKETIME ?? '',
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    const jumps = ['-3d', '+2000d', '-1d']
    const made: string[] = []
    const words = [
      '--bundle',
      bundlePath,
      '--timeout-minutes',
      '30',
      '--output',
      output,
      'generic/004',
      'generic/007',
      'generic/008',
      'generic/009',
    ]
    const { code, said } = await vmtest(join(directory, 'clock-work'), words, env, (line) => {
      const jump = /VM with|\[[123]\/4\]/.test(line) ? jumps.shift() : undefined
      if (jump === undefined) return
      writeFileSync(clock, jump)
      made.push(jump)
    }).ended
    if (code !== 0) process.stderr.write(`${said}\n`)
    expect([code, made]).toEqual([0, ['-3d', '+2000d', '-1d']])
    const { conclusion, tests, startedAt, endedAt } = record(output)
    expect([conclusion.kind, tests.map(({ status }) => status)]).toEqual(['passed', ['pass', 'pass', 'pass', 'pass']])
    const wall = (Date.parse(endedAt) - Date.parse(startedAt)) / 1000
    const durations = tests.flatMap(({ attempts }) => attempts.map(({ durationSeconds }) => durationSeconds ?? -1))
    expect(Math.min(wall, ...durations)).toBeGreaterThanOrEqual(0)
    expect(Math.max(wall, ...durations)).toBeLessThan(3600)
    const stamps = readFileSync(join(output, 'guests/1/console.log'), 'utf8').match(/^\d\d:\d\d:\d\d\.\d{3}(?=\| )/gm) ?? []
    expect(stamps.length).toBeGreaterThan(10)
    // In order, but for midnight.
    expect(stamps.filter((stamp, index) => index > 0 && stamp < (stamps[index - 1] ?? '')).length).toBeLessThanOrEqual(1)
  },
  LIMIT,
)

const mayMount = process.getuid?.() === 0
if (!mayMount) console.warn('skipped: a machine that loses /dev/kvm (needs root to mount)')
const asRoot = mayMount ? test : test.skip

/** A /dev without kvm, for what runs in this mount namespace. */
const LOSE_KVM = `set -e
d=$(mktemp -d); mount -t tmpfs dev "$d"
for n in null zero full random urandom tty; do touch "$d/$n"; mount --bind "/dev/$n" "$d/$n"; done
mkdir "$d/shm"; ln -s /proc/self/fd "$d/fd"
mount --move "$d" /dev
exec "$@"`

asRoot(
  "/dev/kvm that is gone between the probe and the boot is the host's trouble: said at once, no test is blamed",
  async () => {
    const argv = [
      '--mount',
      '--propagation',
      'private',
      'sh',
      '-c',
      LOSE_KVM,
      'sh',
      process.execPath,
      join(directory, 'one-run.mjs'),
      '--kvm',
    ]
    const { stdout, stderr } = spawnSync('unshare', [...argv, 'generic/004', 'generic/007'], { encoding: 'utf8', timeout: LIMIT })
    const last = stdout.trim().split('\n').at(-1) ?? ''
    if (!last.includes('"end"')) process.stderr.write(`${stdout}\n${stderr}\n`)
    const end = JSON.parse(last)
    expect(end.stopped).toMatchObject({ kind: 'infrastructure', reason: expect.stringContaining('KVM worked when it was probed') })
    expect([end.conclusion.kind, end.statuses]).toEqual(['could-not-test', ['notreached', 'notreached']])
    // One for each VM: not three boots of each.
    expect(end.guests).toBeLessThanOrEqual(2)
  },
  LIMIT,
)

test(
  'two jobs at once on one machine, with one home, one store and one working directory, do not meet',
  async () => {
    const workspace = join(directory, 'shared')
    const started = [
      vmtest(workspace, ['--bundle', 'offline', 'generic/004', 'generic/007']),
      vmtest(workspace, ['--bundle', 'offline', 'generic/008', 'generic/009']),
    ]
    const ended = await Promise.all(started.map(({ ended }) => ended))
    for (const { code, said } of ended) if (code !== 0) process.stderr.write(`${said}\n`)
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    const results = ended.map(({ said }) => /(\S+)\/report\.html/.exec(said)?.[1] ?? '')
    expect(new Set(results).size).toBe(2)
    const tested = results.map((path) => record(path).tests.map(({ name, status }) => `${name} ${status}`))
    expect(tested).toEqual([
      ['generic/004 pass', 'generic/007 pass'],
      ['generic/008 pass', 'generic/009 pass'],
    ])
    // No disk, image or flake is left half made.
    const cache = join(directory, 'home/.cache/kernel-vmtest')
    expect(readdirSync(cache).filter((name) => /^(?:modules-\w{6}$|offline-flake-new-)/.test(name))).toEqual([])
    expect(readdirSync(directory).filter((name) => name.startsWith('vmtest-disks-'))).toEqual([])
  },
  LIMIT,
)
