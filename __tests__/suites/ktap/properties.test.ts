import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import type { ProgramEnd } from '../../../src/domain/program-end.js'
import { judgeProgram } from '../../../src/suites/ktap/index.js'

const passed: ProgramEnd = { kind: 'exit', code: 0 }

/** From best to worst. */
const ORDER = ['pass', 'notrun', 'fail', 'timeout']
const rank = (end: ProgramEnd | null, lines: readonly string[]) => ORDER.indexOf(judgeProgram(end, lines.join('\n')).status)

const prefix = fc.constantFrom('', '', '# ', '# # ', '    ', '        ', '[    1.234567] ', '<6>[12345.000001][    T7]     ')
const word = fc.constantFrom('a', 'mount rw', '64 bit', 'x: y', '- z', '#', 'not ok', '\u00e4\u{1f600}')
const directive = fc.constantFrom('', '', '', ' # SKIP why', ' # skip', ' # TODO', ' # XFAIL x', ' # TIMEOUT 3', ' # Error')
const number = fc.nat({ max: 5 })

const resultLine = fc
  .record({ prefix, ok: fc.boolean(), number: fc.option(number), word, directive })
  .map((line) => `${line.prefix}${line.ok ? 'ok' : 'not ok'}${line.number === null ? '' : ` ${line.number}`} ${line.word}${line.directive}`)
const otherLine = fc.oneof(
  fc.record({ prefix, count: number }).map((line) => `${line.prefix}1..${line.count}`),
  prefix.map((before) => `${before}TAP version 13`),
  fc
    .record({ prefix, pass: number, fail: number })
    .map((line) => `${line.prefix}# Totals: pass:${line.pass} fail:${line.fail} xfail:0 xpass:0 skip:0 error:0`),
  fc.constantFrom('text', '', 'random: crng init done', '..not ok 2 b', 'Bail out!', '# # Subtest: s'),
)
const program = fc.array(fc.oneof({ weight: 3, arbitrary: resultLine }, otherLine), { maxLength: 14 })
const end = fc.oneof(
  fc.constantFrom<ProgramEnd | null>(passed, passed, { kind: 'exit', code: 4 }, { kind: 'limit', seconds: 3 }, null),
  fc.nat({ max: 255 }).map((code): ProgramEnd => ({ kind: 'exit', code })),
  fc.integer({ min: 1, max: 64 }).map((signal): ProgramEnd => ({ kind: 'signal', signal })),
)

/** A line put somewhere into others. */
const put = (lines: readonly string[], at: number, line: string) => {
  const where = at % (lines.length + 1)
  return [...lines.slice(0, where), line, ...lines.slice(where)]
}

describe('the verdict on a program', () => {
  test('is a failure wherever a failed result stands', () => {
    const failed = fc.record({ prefix, number, word }).map((line) => `${line.prefix}not ok ${line.number} ${line.word}`)
    fc.assert(
      fc.property(end, program, fc.nat(), failed, (how, lines, at, line) => {
        expect(rank(how, put(lines, at, line))).toBeGreaterThanOrEqual(ORDER.indexOf('fail'))
      }),
    )
  })

  test('is a failure wherever a failed result stands behind other text', () => {
    fc.assert(
      fc.property(end, program, fc.nat(), fc.stringMatching(/^[a-z.: ]{1,20}$/), (how, lines, at, text) => {
        expect(rank(how, put(lines, at, `${text}not ok 3 b`))).toBeGreaterThanOrEqual(ORDER.indexOf('fail'))
      }),
    )
  })

  test('is a failure wherever a line begins with one, whatever form and colour it has', () => {
    const before = fc.stringMatching(/^[ \t#\0]{0,9}$/)
    const form = fc.constantFrom(
      'not ok',
      'not ok - a',
      'not ok: a',
      'Not ok 3',
      '\u001b[31mnot ok\u001b[0m a',
      'n\0ot ok a',
      'b\rnot ok a',
    )
    fc.assert(
      fc.property(end, program, fc.nat(), before, form, (how, lines, at, blank, line) => {
        expect(rank(how, put(lines, at, `${blank}${line}`))).toBeGreaterThanOrEqual(ORDER.indexOf('fail'))
      }),
    )
  })

  test('is no pass where a result stands in the place of a lost one, once more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 9 }), fc.nat(), fc.nat(), prefix, (count, lost, again, before) => {
        const at = lost % count
        const lines = Array.from({ length: count }, (_, index) => `${before}ok ${index + 1} name ${index}`)
        const other = (at + 1 + (again % (count - 1))) % count
        const forked = lines.map((line, index) => (index === at ? (lines[other] ?? '') : line))
        expect(rank(passed, [`${before}1..${count}`, ...lines])).toBe(ORDER.indexOf('pass'))
        expect(rank(passed, [`${before}1..${count}`, ...forked])).toBe(ORDER.indexOf('fail'))
      }),
    )
  })

  test('is not better for a worse end', () => {
    fc.assert(
      fc.property(end, program, (how, lines) => {
        expect(rank(how, lines)).toBeGreaterThanOrEqual(rank(passed, lines))
      }),
    )
  })

  test('is no pass where the program did not end with exit status 0', () => {
    fc.assert(
      fc.property(end, program, (how, lines) => {
        fc.pre(how?.kind !== 'exit' || how.code !== 0)
        expect(rank(how, lines)).toBeGreaterThan(0)
      }),
    )
  })

  test('is a failure where a planned result is lost, at any of them', () => {
    const results = fc.array(fc.record({ word, skip: fc.boolean() }), { minLength: 1, maxLength: 9 })
    fc.assert(
      fc.property(results, fc.nat(), prefix, fc.boolean(), (rows, at, before, planLast) => {
        const lines = rows.map((row, index) => `${before}ok ${index + 1} ${row.word}${row.skip ? ' # SKIP' : ''}`)
        const plan = `${before}1..${rows.length}`
        const whole = planLast ? [...lines, plan] : [plan, ...lines]
        expect(rank(passed, whole)).toBeLessThan(ORDER.indexOf('fail'))
        const lost = lines.filter((_, index) => index !== at % lines.length)
        expect(rank(passed, planLast ? [...lost, plan] : [plan, ...lost])).toBe(ORDER.indexOf('fail'))
      }),
    )
  })

  test('is what the same text gives with carriage returns, with stamps, and one level deeper', () => {
    fc.assert(
      fc.property(end, program, (how, lines) => {
        const { status } = judgeProgram(how, lines.join('\n'))
        expect(judgeProgram(how, lines.map((line) => `${line}\r`).join('\n')).status).toBe(status)
        expect(judgeProgram(how, lines.map((line) => (/^(<6>)?\[/.test(line) ? line : `[    5.000001] ${line}`)).join('\n')).status).toBe(
          status,
        )
        expect(judgeProgram(how, lines.map((line) => line.replace(/^((?:<6>)?(?:\[[^\]]*\])* ?)/, '$1    ')).join('\n')).status).toBe(
          status,
        )
      }),
    )
  })

  test('counts what it lists', () => {
    fc.assert(
      fc.property(end, program, (how, lines) => {
        const verdict = judgeProgram(how, lines.join('\n'))
        expect(verdict.subtests).toHaveLength(verdict.subtestCount)
        if (verdict.status === 'pass') expect(verdict.subtests.map(({ status }) => status)).not.toContain('fail')
      }),
    )
  })
})
