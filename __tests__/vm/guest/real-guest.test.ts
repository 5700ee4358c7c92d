import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { missing, ownBatch, type TestGuest, TestMachine } from './real-guest.js'

const lacking = missing()
if (lacking !== null) console.warn(`skipped: tests that boot a guest (${lacking})`)
const LIMIT = 240_000

let machine: TestMachine
beforeAll(() => {
  if (lacking === null) machine = new TestMachine()
})
afterEach(() => machine?.stopGuests())
afterAll(() => machine?.remove())

function results(guest: TestGuest, batch: number): (name: string) => Buffer {
  return (name) => readFileSync(join(guest.runDirectory, `guests/1/batches/${batch}/results/g`, name))
}

const bootable = lacking === null ? describe : describe.skip

bootable('a real guest', () => {
  test(
    'runs batches, and every file is here byte for byte before the next test starts',
    async () => {
      const guest = await machine.start()
      await guest.until('ready')
      await guest.guest.run(ownBatch(1, ['g/files', 'g/wait', 'g/rewrite', 'g/environment']))
      await guest.until('test-start')
      expect((await guest.until('test-start')).name).toBe('g/wait')
      const file = results(guest, 1)
      const sum = createHash('sha256').update(file('files.full')).digest('hex')
      expect(file('files.sum').toString().split(' ')[0]).toBe(sum)
      expect(file('files.full')).toHaveLength(300_000)
      expect(file('files.empty')).toHaveLength(0)
      const { batch } = await guest.until('batch-end')
      expect(batch).toMatchObject({ exitStatus: 3, died: null, notes: [] })
      expect(batch.timeline.map((entry) => entry.name)).toEqual(['g/files', 'g/wait', 'g/rewrite', 'g/environment'])
      expect(file('files.full').toString()).toBe('shorter\n')
      const output = readFileSync(join(guest.runDirectory, batch.directory, 'check.stdout'), 'utf8')
      expect(output).toMatch(/ignored signals: SigIgn:\s+0{16}$/m)
      expect(output).toMatch(/^descriptors: 0 1 2 3 $/m)
      expect(output).toMatch(/^device: \/dev\/vd\w test$/m)
      expect(output).toMatch(/^pool: \/dev\/vd\w \/dev\/vd\w$/m)
      expect(output).toContain(`quoted: two  blanks, 'single' "double" $HOME \\n @nobody@\n`)
      expect(output).toMatch(/^users: .*fsgqa 123456-fsgqa fsgqa2/m)
      expect(output).toMatch(/^as another user: fsgqa$/m)
      expect(output).toMatch(/^mounted: 7$/m)
      expect(output).toContain('/proc/self/fd\n')
      expect(output.endsWith(' 1s\n')).toBe(true)

      await guest.until('ready')
      await guest.guest.run(ownBatch(2, ['g/names', 'g/fill']))
      const second = (await guest.until('batch-end')).batch
      // On a busy machine the file that fills the disk is seen, and sent, while it grows.
      const names = readdirSync(join(guest.runDirectory, second.directory, 'results/g')).filter((name) => name !== 'fill.full')
      expect(names).toEqual(['fill.after', 'line%0Abreak', 'sparse', 'with space'])
      expect(results(guest, 2)('with space').toString()).toBe('fine\n')
      // What is mounted is noted once a guest, at its first test.
      const noted = (number: number) => existsSync(join(guest.runDirectory, `guests/1/batches/${number}/results/vmtest-mounts.log`))
      expect([1, 2].map(noted)).toEqual([true, false])
      expect(second.notes.join('\n')).toContain('sparse has 1099511627776 bytes in the guest')

      await guest.until('ready')
      await guest.guest.finish()
      const { exit, guest: run } = await guest.until('exit')
      expect(exit).toEqual({ kind: 'poweroff' })
      expect(Object.values(run.boot).every((seconds) => seconds !== null && seconds > 0)).toBe(true)
      expect(existsSync(join(machine.directory, 'disks/guest-1'))).toBe(false)
    },
    LIMIT,
  )

  test(
    'runs one program a test, has what other suites take for granted, and ends what a program leaves',
    async () => {
      const guest = await machine.start()
      await guest.until('ready')
      const programs = [
        ['state', 'stat -c %n /dev/loop-control; cut -d" " -f2 /proc/mounts | tr "\\n" " "; cat /proc/self/cgroup; ls /boot; id -u; pwd'],
        ['leaves', 'setsid sh -c "sleep 1000 & sleep 1000" & sleep 1; echo left'],
        ['looks', 'pidof sleep || echo none'],
        ['memory', 'kill -SEGV $$'],
        ['late', 'sleep 1000'],
        ['last', 'echo "$HOME"; tail -n 1 /proc/kmsg >/dev/null & dmesg | grep -c "vmtest: test .* starts$"'],
      ].map(([name = '', script = '']) => ({
        name,
        argv: ['/bin/sh', '-c', script],
        environment: {},
        directory: '/root',
        limitSeconds: name === 'late' ? 3 : null,
        exitWord: (code: number) => (code === 0 ? 'ended' : code === 4 ? 'notrun' : 'fail'),
      }))
      await guest.guest.run({ id: 1, tests: programs.map(({ name }) => name), environment: {}, arguments: [], programs })
      const { batch } = await guest.until('batch-end')
      expect(batch).toMatchObject({ exitStatus: 0, notes: [] })
      const file = (name: string) => readFileSync(join(guest.runDirectory, 'guests/1/batches/1/results/tests', name), 'utf8')
      expect(programs.map(({ name }) => file(`${name}.status`))).toEqual([
        'exit 0\n',
        'exit 0\n',
        'exit 0\n',
        'signal 11\n',
        'limit 3\n',
        'exit 0\n',
      ])
      expect(file('state.out')).toMatch(/^\/dev\/loop-control\n/)
      for (const place of ['/sys/kernel/config', '/sys/kernel/tracing', '/sys/kernel/security', '/dev/mqueue', '/sys/fs/cgroup']) {
        expect(file('state.out')).toContain(` ${place} `)
      }
      expect(file('state.out')).toMatch(/0::\/vmtest-test\n/)
      expect([file('leaves.out'), file('looks.out'), file('last.out')]).toEqual(['left\n', 'none\n', '/root\n6\n'])
      const log = readFileSync(join(guest.runDirectory, 'guests/1/console.log'), 'utf8')
      expect(log.match(/vmtest: test \w+ starts/g)).toHaveLength(6)
    },
    LIMIT,
  )

  test(
    'that lacks a program of its section says so instead of asking for work',
    async () => {
      const guest = await machine.start({ section: { programs: { sh: 'dash', 'mkfs.none': 'none-tools', 'rpc.none': 'none-tools' } } })
      expect((await guest.until('cannot')).words).toBe('program mkfs.none rpc.none')
      await guest.guest.finish()
      expect((await guest.until('exit')).exit).toEqual({ kind: 'poweroff' })
    },
    LIMIT,
  )

  test(
    'whose test file system cannot be made runs no test on it, and says what mkfs said',
    async () => {
      const guest = await machine.start({ section: { settings: { fstyp: 'f2fs' } } })
      await guest.until('ready')
      await guest.guest.run(ownBatch(1, ['g/files']))
      const { batch } = await guest.until('batch-end')
      expect(batch).toMatchObject({ exitStatus: 1, timeline: [] })
      expect((await guest.until('cannot')).words).toMatch(/^because the test file system could not be made: .*mkfs\.f2fs: not found$/)
    },
    LIMIT,
  )

  test(
    'that crashes leaves what was written before, and its memory where that was asked for',
    async () => {
      const dumpPath = join(machine.directory, 'dump')
      const guest = await machine.start({ dumpPath })
      await guest.until('ready')
      await guest.guest.run(ownBatch(1, ['g/files', 'g/crash', 'g/files']))
      const { exit, batch } = await guest.until('exit')
      expect(exit.kind).toBe('panic')
      expect(batch).toMatchObject({ exitStatus: null, died: { test: 'g/crash' } })
      expect(results(guest, 1)('files.full')).toHaveLength(300_000)
      expect(results(guest, 1)('crash.full').toString()).toBe('written before the crash\n')
      const log = readFileSync(join(guest.runDirectory, 'guests/1/console.log'), 'utf8')
      expect(log).toMatch(/^\d\d:\d\d:\d\d\.\d{3}\| .*Kernel panic - not syncing: sysrq triggered crash$/m)
      expect(readFileSync(dumpPath).subarray(0, 4).toString()).toBe('\x7fELF')
    },
    LIMIT,
  )

  test(
    'that hangs is looked into, then ended; one whose QEMU is killed, or that leaves, is told apart',
    async () => {
      const hanging = await machine.start()
      await hanging.until('ready')
      await hanging.guest.run(ownBatch(1, ['g/hang']))
      await hanging.until('test-start')
      await hanging.guest.diagnose('no answer for 1 s')
      await hanging.guest.stop({ kind: 'timeout', what: 'test', afterSeconds: 1, lastLine: '' })
      expect((await hanging.until('exit')).exit.kind).toBe('timeout')
      const log = readFileSync(join(hanging.runDirectory, 'guests/1/console.log'), 'utf8')
      expect(log).toContain('sysrq: Show Blocked State')
      expect(log).toContain('sysrq: Show State')
      expect(readFileSync(join(hanging.runDirectory, 'guests/1/qmp.txt'), 'utf8')).toMatch(/no answer for 1 s[\s\S]*RIP=/)

      const leaving = await machine.start()
      await leaving.until('ready')
      await leaving.guest.run(ownBatch(1, ['g/leave']))
      const left = await leaving.until('exit')
      expect([left.exit.kind, left.batch?.died?.test]).toEqual(['gone', 'g/leave'])
    },
    LIMIT,
  )
})
