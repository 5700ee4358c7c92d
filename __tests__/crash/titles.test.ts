import { describe, expect, it } from '@jest/globals'
import { readConsoleLines } from '../../src/crash/console-line.js'
import { normaliseTitle } from '../../src/crash/open-report.js'
import { readTraceLine, sourceName } from '../../src/crash/trace-line.js'
import { createClassifier } from './every-suite.js'

const reportsOf = (...lines: string[]) => {
  const classifier = createClassifier()
  return [...lines.flatMap((line) => classifier.line(line)), ...classifier.end()]
}
const titlesOf = (...lines: string[]) => reportsOf(...lines).map(({ title }) => title)

describe('console lines', () => {
  it.each([
    ['[   12.345678] text', 'text', 'stamped'],
    ['<4>[   12.345678][   T31]  frame', ' frame', 'T31'],
    ['12:00:00.123| [   12.345678][  C1] text', 'text', 'C1'],
    ['12:00:00.123| plain', 'plain', ''],
    ['2026-01-02T03:04:05.1234567Z plain', 'plain', ''],
    ['3,1701,1531100001,-,caller=T12;text', 'text', 'T12'],
    ['<30>1 2026-01-02T03:04:05.1Z host kernel - - - text', 'text', 'stamped'],
    [
      "[   12.345678] tankfs: Unknown parameter '[    0.000000] Linux version 6.7'",
      "tankfs: Unknown parameter '[    0.000000] Linux version 6.7'",
      'stamped',
    ],
    ['[   12.345678] 12345 pages RAM', '12345 pages RAM', 'stamped'],
    ['[0000:00:1f.0] text', '[0000:00:1f.0] text', ''],
    ['Jan 02 03:04:05 XFS (vdb): text', 'XFS (vdb): text', ''],
    ['vm login: [   12.345678] text', 'text', 'stamped'],
    ['Nov 24 08:17:40 host kernel: [   12.345678] text', 'text', 'stamped'],
    ['** 12 printk messages dropped ** [   12.345678] text', 'text', 'stamped'],
    ['\u001b[1;31m[   12.345678] te\u0000xt\r', 'text', 'stamped'],
  ])('%j is %j of %j', (raw, text, context) => {
    expect(readConsoleLines(raw).at(-1)).toMatchObject({ text, context })
  })
})

describe('titles', () => {
  it.each([
    ['BUG at ffff88810612c0e8 pid 123', 'BUG at ADDR pid NUM'],
    ['foo+0x12/0x340 of 0xdead0000 and 0x1', 'foo of ADDR and 0x1'],
    ['bad at fs/a.c:12 on CPU#3, 10.0.0.1', 'bad at fs/a.c:LINE on CPU, IP'],
    ['kernel stack of sha256_update', 'kernel stack of sha256_update'],
  ])('%j becomes %j', (title, normal) => {
    expect(normaliseTitle(title)).toBe(normal)
  })

  it.each([
    ['Aborting journal on device vdd-8.', 'fs-shutdown', 'JBD2 aborted journal'],
    ['EXT4-fs (vdd): Remounting filesystem read-only', 'fs-shutdown', 'EXT4-fs forced readonly'],
    ['F2FS-fs (vdd): Stopped filesystem due to reason: 3', 'fs-shutdown', 'F2FS-fs shutdown'],
    ['XFS (vdd): corrupt dquot ID 0x7 in log at tank+0x1/0x2 [xfs]', 'fs-corruption', 'XFS corruption detected'],
    ['XFS (vdd): xlog_verify_iclog: corrupt iclog ring', 'fs-corruption', 'XFS corruption detected'],
  ])('a file system that gives up is told: %j', (line, kind, title) => {
    expect(reportsOf(`[    1.0] ${line}`)).toMatchObject([{ kind, title }])
  })

  it('a journal’s end belongs to the error that brought it about', () => {
    const lines = [
      '[    1.0] EXT4-fs error (device vdd): ext4_lookup:1787: inode #2: comm ls: iget: bad',
      '[    1.0] Aborting journal on device vdd-8.',
    ]
    expect(titlesOf(...lines)).toEqual(['EXT4-fs error in ext4_lookup'])
  })

  it('cuts what the compiler added to a name', () => {
    expect(['foo.isra.0', 'foo.constprop.3.cold', 'foo', '.foo'].map(sourceName)).toEqual(['foo', 'foo', 'foo', '.foo'])
  })

  it('leaves the function out where the stack names none', () => {
    expect(titlesOf('[    1.000000] general protection fault: 0000 [#1] SMP', '[    1.000100] Call Trace:')).toEqual([
      'general protection fault',
    ])
  })

  it('names a system call alike on every architecture', () => {
    const hung = (wrapper: string) =>
      titlesOf(
        '[    1.0] INFO: task a:1 blocked for more than 120 seconds.',
        '[    1.0] Call Trace:',
        '[    1.0]  schedule+0x1/0x2',
        `[    1.0]  ${wrapper}+0x1/0x2`,
      )
    expect(hung('__x64_sys_fsync')).toEqual(['INFO: task hung in sys_fsync'])
    expect(hung('__arm64_sys_fsync')).toEqual(['INFO: task hung in sys_fsync'])
  })

  it('keeps a title whose words come from a label', () => {
    expect(
      titlesOf('TITLE: INFO: task hung in foo', 'ALT: BUG: soft lockup in foo', 'TITLE: WARNING in foo', 'ALT: kernel BUG in foo'),
    ).toEqual([])
  })
})

describe('what belongs to what', () => {
  const warning = [
    '[    1.000000][   T7] WARNING: CPU: 0 PID: 7 at fs/a.c:1 foo+0x1/0x2',
    '[    1.000100][   T7] Call Trace:',
    '[    1.000200][   T7]  bar+0x1/0x2',
  ]

  it('a panic because of a warning makes the warning fatal', () => {
    const reports = reportsOf(
      ...warning,
      '[    1.000300][   T7] ---[ end trace 0 ]---',
      '[    1.000400][   T7] Kernel panic - not syncing: kernel: panic_on_warn set ...',
    )
    expect(reports).toMatchObject([{ title: 'WARNING in foo', fatal: true, firstLine: 1, lastLine: 5 }])
  })

  it('a panic of its own after a finished warning is another report', () => {
    const reports = reportsOf(
      ...warning,
      '[    1.000300][   T7] ---[ end trace 0 ]---',
      '[    1.000400][   T7] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
    )
    expect(reports).toMatchObject([
      { title: 'WARNING in foo', fatal: false },
      { title: 'kernel panic: VFS: Unable to mount root fs on unknown-block(NUM,NUM)', fatal: true, kind: 'panic' },
    ])
  })

  it('two tasks that report at once are two reports', () => {
    const other = warning.map((line) => line.replace('T7', 'T8').replaceAll('foo', 'other'))
    const mixed = warning.flatMap((line, index) => [line, other[index] ?? ''])
    expect(titlesOf(...mixed)).toEqual(['WARNING in foo', 'WARNING in other'])
  })

  it('what the other CPUs say while the machine dies is its echo', () => {
    const titles = titlesOf(
      '[    1.0][   T7] Kernel panic - not syncing: sysrq triggered crash',
      '[    1.1][  C1] WARNING: CPU: 1 PID: 0 at arch/x86/kernel/smp.c:127 native_smp_send_reschedule+0x1/0x2',
    )
    expect(titles).toEqual(['kernel panic: sysrq triggered crash'])
  })

  it('a reboot ends the report and the dying', () => {
    const classifier = createClassifier()
    classifier.line('[    1.0] Kernel panic - not syncing: sysrq triggered crash')
    expect(classifier.dying).toBe(true)
    expect(classifier.line('[    0.000000] Linux version 6.12.0')).toMatchObject([{ kind: 'panic' }])
    expect(classifier.dying).toBe(false)
    expect(classifier.end()).toEqual([])
  })

  const banner = 'Linux version 6.12.0 (a@b) #1'
  it.each<[string, readonly string[], number]>([
    ['by stamps', [`[    0.000000] ${banner}`, '[    9.0] a', `[    0.000000] ${banner}`], 1],
    ['without stamps', [banner, 'Command line: quiet', 'a', banner], 1],
    ['by date', [`[Fri Jan  2 03:04:05 2026] ${banner}`, '[Fri Jan  2 03:04:06 2026] a', `[Fri Jan  2 03:05:05 2026] ${banner}`], 1],
    ['by its unpacker', [banner, 'a', 'Booting the kernel.', banner, 'b'], 1],
    ['none: unpacked, then begun', ['SeaBIOS', 'Booting the kernel.', banner, 'a'], 0],
    ['none: it was told to go', [banner, 'a', 'reboot: Restarting system', banner], 0],
    ['none: a program reads its version', [`[    0.000000] ${banner}`, '[    9.0] a', banner, '[   10.0] b'], 0],
    ['none: a console is given what was said before', [banner, 'a', 'printk: legacy console [ttyS0] enabled', banner, 'a'], 0],
  ])('an unexpected reboot: %s', (_what, lines, count) => {
    expect(titlesOf(...lines)).toEqual(Array.from({ length: count }, () => 'unexpected kernel reboot'))
  })

  it('a program that its run-time ends is told of, and no word that is like it', () => {
    const trace = ['', 'goroutine 1 [running]:', 'main.main()']
    expect(reportsOf('panic: runtime error: index out of range [7]', ...trace)).toMatchObject([
      { kind: 'user-fault', title: 'panic: runtime error: index out of range [NUM]' },
    ])
    expect(titlesOf('fatal error: all goroutines are asleep - deadlock!', ...trace)).toEqual(['go runtime error'])
    expect(titlesOf('panic: none of ours', 'fatal error: in a test', '[    1.0] tank: fatal error: no')).toEqual([])
  })

  it.each([
    ['BUG: spinlock trylock failure on UP on CPU#0, tank/7', 'BUG: spinlock trylock failure on UP in foo'],
    ['BUG: rwlock already unlocked on CPU#1, tank/7, 00000000deadbeef', 'BUG: rwlock already unlocked in foo'],
    ['BUG: spinlock lockup suspected on CPU#1, tank/7', 'BUG: spinlock lockup suspected in foo'],
  ])('%s', (header, title) => {
    expect(titlesOf(`[    1.0] ${header}`, '[    1.1] Call Trace:', '[    1.2]  _raw_spin_lock+0x1/0x2', '[    1.3]  foo+0x1/0x2')).toEqual(
      [title],
    )
  })

  it('stacks that a watchdog asks for by sysrq are no part of a report', () => {
    const reports = reportsOf(
      ...warning,
      '[    9.0][   T1] sysrq: Show Blocked State',
      '[    9.1][   T1] Call Trace:',
      '[    9.2][   T1]  schedule+0x1/0x2',
    )
    expect(reports).toMatchObject([{ title: 'WARNING in foo', firstLine: 1, lastLine: 3 }])
  })

  it('a report goes to the test whose marker came last', () => {
    const reports = reportsOf(...warning, '[    2.0] run fstests xfs/001 at 2026-11-24 10:00:00', ...warning)
    expect(reports.map(({ test }) => test)).toEqual([null, 'xfs/001'])
  })

  it('a line with an offset larger than its function is still read', () => {
    expect(readTraceLine(' foo+0x40/0x20')).toMatchObject({ kind: 'frame', name: 'foo' })
  })
})
