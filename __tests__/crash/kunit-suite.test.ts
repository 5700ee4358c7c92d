import { expect, test } from '@jest/globals'
import { titleInFull } from '../../src/domain/kernel-report.js'
import { createClassifier } from './every-suite.js'

// As KUnit of 6.12 prints itself at boot (lib/kunit/test.c); the stacks are of a module `gizmo` that is none of the kernel's.
const boot = ['Linux version 6.12.117 (root@vm) (gcc (Debian 12.2.0-14+deb12u1) 12.2.0)', 'KTAP version 1', '1..2']
const warning = ['------------[ cut here ]------------', 'WARNING: CPU: 0 PID: 31 at lib/gizmo.c:7 gizmo_test+0x12/0x34', 'Call Trace:']
const stack = [' <TASK>', ' gizmo_test+0x12/0x34', ' kunit_try_run_case+0x6f/0x150', ' </TASK>', '---[ end trace 0000000000000000 ]---']
const kasan = [
  'BUG: KASAN: slab-use-after-free in gizmo_test+0x12/0x34',
  'Read of size 8 at addr ffff888 by task kunit_try_catch/31',
  ...stack,
]
const begins = (name: string) => ['    KTAP version 1', `    # Subtest: ${name}`, '    # module: gizmo', '    1..1']
const ends = (name: string, word = 'ok') => [`    ${word} 1 case`, `${word} 1 ${name}`]

function reportsOf(lines: readonly string[]) {
  const classifier = createClassifier()
  const found = lines.flatMap((line, at) => classifier.line(`[    ${1 + Math.floor(at / 100)}.${String(100000 + at)}] ${line}`))
  return [...found, ...classifier.end()]
}

test('a report at boot has the name of the KUnit suite that ran then, and none of one that had ended', () => {
  const lines = [
    ...boot,
    ...begins('first'),
    ...ends('first'),
    ...begins('the gizmo'),
    ...warning,
    ...stack,
    ...ends('the gizmo', 'not ok'),
  ]
  const [report] = reportsOf([...lines, ...kasan])
  expect(report).toMatchObject({ kind: 'warning', title: 'WARNING in gizmo_test', test: null, kunitSuite: 'the gizmo', provoked: false })
  expect(titleInFull(report ?? { title: '' })).toBe('WARNING in gizmo_test, while the KUnit suite the gizmo ran')
  expect(reportsOf([...lines, ...kasan])[1]).not.toHaveProperty('kunitSuite')
  expect(reportsOf([...boot, ...begins('first'), ...ends('first'), ...warning, ...stack])[0]).not.toHaveProperty('kunitSuite')
})

test('a parameterised case is no suite; a suite ends with a boot, and with the start of a test', () => {
  const deeper = ['        KTAP version 1', '        # Subtest: a_case', '        ok 1 x']
  expect(reportsOf([...boot, ...begins('outer'), ...deeper, ...warning, ...stack])[0]).toMatchObject({ kunitSuite: 'outer' })
  expect(reportsOf([...boot, ...begins('outer'), 'vmtest: test generic starts', ...warning, ...stack])[0]).toMatchObject({
    test: 'generic',
  })
  expect(reportsOf([...boot, ...begins('outer'), 'vmtest: test generic starts', ...warning, ...stack])[0]).not.toHaveProperty('kunitSuite')
})

test('the suites of the detectors make them report on purpose, others do not', () => {
  const [provoked] = reportsOf([...boot, ...begins('kasan'), ...kasan])
  expect(provoked).toMatchObject({ kind: 'kasan', kunitSuite: 'kasan', provoked: true })
  expect(reportsOf([...boot, ...begins('kasan'), ...warning, ...stack])[0]).toMatchObject({ kind: 'warning', provoked: false })
  expect(reportsOf([...boot, ...begins('list_sort'), ...kasan])[0]).toMatchObject({ kind: 'kasan', provoked: false })
})
