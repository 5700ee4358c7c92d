import { expect, test } from '@jest/globals'
import { ProgressView } from '../../src/report/progress-view.js'

function view(live: boolean, columns = 120) {
  let now = 0
  const written: string[] = []
  const shown = new ProgressView({ live, columns, write: (text) => void written.push(text) }, () => now)
  return { view: shown, written, wait: (seconds: number) => (now += seconds) }
}

const counted = { done: 734, total: 1756, perSecond: 2.1, secondsLeft: 486, step: 'CC fs/xfs/xfs_inode.o' }

test('a build tells how many objects of about how many, how fast, how long still, and which', () => {
  const { view: shown, written, wait } = view(true)
  wait(760)
  shown.show({ kind: 'build', what: 'the kernel in /linux', counted })
  expect(written.at(-1)).toBe('\r\u001b[K12:40 build · 734 of about 1756 objects · 2.1/s · about 8m06s left · CC fs/xfs/xfs_inode.o')
  shown.show({
    kind: 'build',
    what: 'the kernel in /linux',
    counted: { ...counted, done: 1, total: null, perSecond: null, secondsLeft: null },
  })
  expect(written.at(-1)).toBe('\r\u001b[K12:40 build · 1 object · CC fs/xfs/xfs_inode.o')
  const nothingYet = { done: 0, total: null, perSecond: null, secondsLeft: null, step: 'configuring' }
  shown.show({ kind: 'build', what: 'the kernel in /linux', counted: nothingYet })
  expect(written.at(-1)).toBe('\r\u001b[K12:40 build · configuring')
})

test('what is waited for is told, with how long already', () => {
  const { view: shown, written, wait } = view(true)
  shown.show({ kind: 'waiting', message: 'for the run .vmtest/runs/1 (process 7) to leave /objects' })
  wait(130)
  shown.refresh()
  expect(written.at(-1)).toBe('\r\u001b[K02:10 waiting for the run .vmtest/runs/1 (process 7) to leave /objects · 2m10s')
  shown.show({ kind: 'waiting', message: null })
  shown.show({ kind: 'stage', stage: 'build', message: 'on' })
  expect(written.at(-2)).toContain('02:10 build    on\n')
})

test('in a log each thing that is waited for is one line, and a long build one a minute', () => {
  const { view: shown, written, wait } = view(false)
  for (const done of ['0.1', '5.0', '9.9'])
    shown.show({ kind: 'waiting', message: `for a download: https://a.example/b (${done} of 9.9 MiB)` })
  expect(written).toEqual(['00:00 waiting  for a download: https://a.example/b (0.1 of 9.9 MiB)\n'])
  shown.show({ kind: 'waiting', message: null })
  shown.show({ kind: 'build', what: 'the kernel in /linux', counted })
  wait(30)
  shown.refresh()
  wait(31)
  shown.refresh()
  expect(written.slice(1)).toEqual([
    '00:00 build    the kernel in /linux\n',
    '01:01 build · 734 of about 1756 objects · 2.1/s · about 8m06s left · CC fs/xfs/xfs_inode.o\n',
  ])
})

test('on a terminal a long line breaks between words', () => {
  const { view: shown, written } = view(true, 40)
  shown.show({ kind: 'stage', stage: 'vm', message: 'the disks of an earlier run are kept in /var/tmp' })
  expect(written[0]).toBe('00:00 vm       the disks of an earlier\n               run are kept in /var/tmp\n')
})

const RUNNING = { kind: 'test-start', guest: 1, suite: 'fstests', section: 'xfs', index: 0, total: 2 } as const

test('a limit is told once a test has run for a while, not beside each that ends in seconds', () => {
  const { view: shown, written, wait } = view(true)
  shown.show({ ...RUNNING, name: 'generic/001', limit: { seconds: 1830, reason: 'no history, group quick' } })
  wait(59)
  shown.refresh()
  expect(written.at(-1)).toBe('\r\u001b[K00:59 0 of 2 tests · running xfs generic/001 59s')
  wait(1)
  shown.refresh()
  expect(written.at(-1)).toBe('\r\u001b[K01:00 0 of 2 tests · running xfs generic/001 1m00s (limit 30m30s, no history, group quick)')
})

const ENDED = { kind: 'test-end', guest: 1, suite: 'fstests', section: 'xfs', name: 'generic/001', seconds: 3, done: 1, total: 2 } as const

test('a status is told as people say it; what comes late is told where it is news', () => {
  const { view: shown, written } = view(false)
  for (const status of ['pass', 'notrun', 'timeout', 'ended']) shown.show({ ...ENDED, status })
  for (const status of ['pass', 'fail'])
    shown.show({ kind: 'test-word', guest: 1, suite: 'fstests', section: 'xfs', name: 'generic/001', status })
  expect(written).toEqual([
    '00:00 [1/2] xfs generic/001 passed 3s\n',
    '00:00 [1/2] xfs generic/001 not run 3s\n',
    '00:00 [1/2] xfs generic/001 timed out 3s\n',
    '00:00 [1/2] xfs generic/001 ended 3s\n',
    '00:00 vm 1: xfs generic/001: failed\n',
  ])
})

test('a report that the test provokes is told as that', () => {
  const { view: shown, written } = view(false)
  const report = { kind: 'kernel-report', guest: 2, title: 'XFS user initiated shutdown', test: 'generic/027' } as const
  for (const provoked of [true, false]) shown.show({ ...report, provoked })
  expect(written).toEqual([
    '00:00 vm 2: kernel: XFS user initiated shutdown (generic/027 does it on purpose)\n',
    '00:00 vm 2: kernel: XFS user initiated shutdown (in generic/027)\n',
  ])
})

test('a live line that is too long keeps what it is about and how far it is, at every width', () => {
  const message = `for a download: https://a.example/${'x'.repeat(200)}.tar.gz (1.0 of 10.0 MiB)`
  for (let columns = 0; columns <= 300; columns += 1) {
    const { view: shown, written } = view(true, columns)
    shown.show({ kind: 'waiting', message })
    const line = written.at(-1)?.replace('\r\u001b[K', '') ?? ''
    expect(line.length).toBeLessThanOrEqual(Math.max(0, columns - 1))
    if (columns >= 60) expect(line).toMatch(/^00:00 waiting for a download: .*of 10\.0 MiB\) · 0s$/)
  }
})

test('a minute has sixty seconds, whatever fraction is left', () => {
  const { view: shown, written } = view(true)
  for (const secondsLeft of [59.4, 59.6, 60, 119.5, 119.7, 1439.9]) {
    shown.show({ kind: 'build', what: 'the kernel in /linux', counted: { ...counted, secondsLeft } })
    expect(written.at(-1)).toMatch(/about (?:[1-5]?\ds|\d+m[0-5]\ds) left/)
  }
})
