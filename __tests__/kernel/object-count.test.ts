import { expect, test } from '@jest/globals'
import { ObjectCount, objectsToMake } from '../../src/kernel/object-count.js'

test('objects are counted, other steps are only named, and other lines are neither', () => {
  const count = new ObjectCount(10)
  const lines = ['  CC      fs/xfs/xfs_inode.o', '  AS      arch/x86/entry/entry.o', '  CC [M]  fs/ext4/inode.o', '  AR      fs/built-in.a']
  expect(lines.map((line, at) => count.feed(line, at))).toEqual([true, true, true, true])
  expect(count.feed('fs/xfs/a.c:1:1: warning: w', 9)).toBe(false)
  expect(count.feed('  HOSTCC  scripts/basic/fixdep', 9)).toBe(true)
  expect(count.counted).toMatchObject({ done: 3, total: 10, step: 'HOSTCC scripts/basic/fixdep' })
})

test('rate and time left come of the last minute', () => {
  const count = new ObjectCount(100)
  for (let at = 0; at < 10; at++) count.feed(`  CC      a${at}.o`, at * 100)
  // One in the window: no rate can be told.
  expect(count.counted).toMatchObject({ perSecond: null, secondsLeft: null })
  for (let at = 0; at <= 20; at++) count.feed(`  CC      b${at}.o`, 901 + at / 2)
  expect(count.counted.perSecond).toBeCloseTo(21 / 11)
  expect(count.counted.secondsLeft).toBeCloseTo((100 - 31) / (21 / 11))
})

test('an estimate that was passed is told no longer; what make -n says replaces it', () => {
  const count = new ObjectCount(1)
  count.feed('  CC      a.o', 0)
  count.feed('  CC      b.o', 1)
  expect(count.counted).toMatchObject({ done: 2, total: null, secondsLeft: null })
  count.expect(5)
  expect(count.counted).toMatchObject({ done: 2, total: 7 })
})

test('of what make -n prints the objects are counted', () => {
  // Lines of `make -n` in Linux 6.12, shortened.
  const output = [
    ':',
    "set -e;  echo '  CC      arch/x86/entry/vdso/vclock_gettime.o';   trap 'rm -f x' HUP;  gcc -c",
    "set -e;  echo '  AR      arch/x86/built-in.a'; ar",
    "set -e;  echo '  AS [M]  crypto/aes.o'; gcc",
    "echo '  UPD     include/config/kernel.release'",
  ].join('\n')
  expect(objectsToMake(output)).toBe(2)
})
