import { describe, expect, it } from '@jest/globals'
import { MAX_LINE_CHARS } from '../../src/crash/console-line.js'
import { createClassifier } from '../../src/crash/index.js'
import { suites } from '../../src/suites/index.js'

/** What `npm run lint:regexps` finds to cost some pattern of this room the most: a beginning, what is repeated, an end. */
const worst = [
  ['', 'traps: e', ' general protection fault '],
  ['general protection fault: ', 'traps: ', 'segfault'],
  ['trusty: panic (', '): ASSERT FAILED at (', '): :'],
  ['trusty: panic (', '): :', ''],
  ['Kernel panic - not syncing: :', ' ', 'o'],
  ['', 'WINFO: possible s', ''],
  ['', 'still has locks held!BUG: ', ''],
  ['', '[Hardware Error]: ', ''],
  ['', 'BUG: KCSAN: B', ''],
  ['', 'ee-BUG e (', 'ee'],
  ['', ' Killed process 0ut of memory', ''],
  ['', 'WARNING: [G] ', '\0'],
  ['WARNING: CPU: 1 PID: 1 at ', 'a/', '.c:1 '],
  ['', 'has bad valueWARNING: kernel stack regs W', ''],
  ['BUG: Dentry ', ' still in use (0) [unmount of :', ''],
  ['', ':BUG: B', ''],
  ['', ': WARNING: A', ''],
  ['PC s+0xa/0x0', '0c', ' '],
  ['pc: c ', ' ', '+0x'],
  ['--- interrupt: b at p+0xb/0xe', 'ae', ''],
  ['Krnl PSW : ', '(n+0x0/0x0<', ''],
  ['pc: ', 'r (c:0) ', ''],
  ['', '0', ' (a.c:0)'],
  ['', 'a::b c ', '+0x1/0x2'],
  ['handle_', 'irq', '+0x1/0x2'],
] as const

/** A thousandth of a second is what the worst takes; a loaded machine takes more. */
const MOST_MILLISECONDS = 10
const LINES = 40

function millisecondsOf(text: string): number {
  const classifier = createClassifier({ suites: Object.values(suites) })
  const before = process.cpuUsage()
  for (const line of text.split('\n')) classifier.line(line)
  classifier.end()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

describe('a console line as long as one is read', () => {
  it.each(worst)('%j, then %j again and again, then %j', (begin, repeated, end) => {
    for (const head of ['', '[    1.000000] ', '[    1.000000] WARNING: CPU: 1 PID: 2 at a.c:1 f+0x1/0x2\n[    1.000000] Call Trace:\n']) {
      const room = MAX_LINE_CHARS - 16 - begin.length - end.length
      const line = `${head}${begin}${repeated.repeat(Math.floor(room / repeated.length))}${end}\n`
      expect(millisecondsOf(line.repeat(LINES)) / LINES).toBeLessThan(MOST_MILLISECONDS)
    }
  })
})
