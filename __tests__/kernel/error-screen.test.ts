import { expect, test } from '@jest/globals'
import { ErrorScreen } from '../../src/kernel/error-screen.js'

/** As gcc 12 and make 4.3 printed it for two broken files of a kernel, with `--output-sync=target -j2`. */
const OUTPUT = `  CC      fs/xfs/libxfs/xfs_ag.o
In file included from fs/xfs/xfs.h:22,
                 from fs/xfs/libxfs/xfs_ag_resv.c:6:
fs/xfs/libxfs/xfs_ag_resv.c: In function 'xfs_ag_resv_critical':
fs/xfs/libxfs/xfs_ag_resv.c:73:21: error: 'nosuch_variable' undeclared (first use in this function)
   73 |         int bogus = nosuch_variable;
      |                     ^~~~~~~~~~~~~~~
fs/xfs/libxfs/xfs_ag_resv.c:73:21: note: each undeclared identifier is reported only once for each function it appears in
fs/xfs/libxfs/xfs_ag_resv.c:73:13: warning: unused variable 'bogus' [-Wunused-variable]
   73 |         int bogus = nosuch_variable;
      |             ^~~~~
fs/xfs/libxfs/xfs_ag_resv.c:80:9: error: expected ';' before 'return'
   80 |         return 1
      |         ^~~~~~
make[5]: *** [/linux/scripts/Makefile.build:229: fs/xfs/libxfs/xfs_ag_resv.o] Error 1
make[5]: *** Waiting for unfinished jobs....`.split('\n')

function shownOf(lines: readonly string[]): { readonly shown: readonly (readonly string[])[]; readonly screen: ErrorScreen } {
  const shown: (readonly string[])[] = []
  const screen = new ErrorScreen((block) => shown.push(block))
  for (const line of lines) screen.feed(line)
  screen.flush()
  return { shown, screen }
}

test('the first error of a file is shown whole, each after it in that file as one line, and no warning', () => {
  const { shown } = shownOf(OUTPUT)
  expect(shown).toEqual([OUTPUT.slice(1, 8), [...OUTPUT.slice(11, 14)].slice(0, 1)])
})

test('that a program failed is known with make’s own line, not before, and not without an error of a compiler', () => {
  expect(shownOf(OUTPUT.slice(0, -2)).screen.failed).toBe(false)
  expect(shownOf(OUTPUT.slice(0, -1)).screen.failed).toBe(true)
  expect(shownOf(OUTPUT.slice(-2)).screen.failed).toBe(false)
  expect(shownOf(['a.c:1:1: error: x', 'make: [Makefile:3: a] Error 1 (ignored)']).screen.failed).toBe(false)
})

test('a message waits for its further lines, and is shown without them when they do not come', () => {
  const { shown, screen } = shownOf([])
  const late: (readonly string[])[] = []
  const waiting = new ErrorScreen((block) => late.push(block))
  waiting.feed('a.c:1:1: error: x')
  expect([waiting.pending, late]).toEqual([true, []])
  waiting.flush()
  expect([waiting.pending, late]).toEqual([false, [['a.c:1:1: error: x']]])
  expect([shown, screen.pending]).toEqual([[], false])
})

test('of any output every error line is shown once, in order, whatever stands between', () => {
  const noise = [
    '',
    '  CC      a.o',
    'tee: log: full',
    'b.c:9:1: note: here',
    '    1 | x',
    'make[2]: Leaving directory',
    'b.c:3:3: warning: w',
  ]
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed % below
  }
  for (let round = 0; round < 200; round++) {
    const lines = Array.from({ length: 20 }, (_, at) =>
      random(3) === 0 ? `f${random(3)}.c:${at}:1: error: e` : (noise[random(noise.length)] ?? ''),
    )
    const errors = lines.filter((line) => line.includes('error:'))
    const { shown } = shownOf(lines)
    expect(shown.flat().filter((line) => line.includes('error:'))).toEqual(errors)
  }
})
