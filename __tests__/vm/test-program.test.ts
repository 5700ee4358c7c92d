import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { programLines, progressWord } from '../../src/vm/test-program.js'

const program = { name: 'a:b', argv: ['x'], environment: {}, directory: '/', limitSeconds: null, exitWord: () => 'ended' }

test.each([
  [null, []],
  [0, []],
  [0.2, ['l 1']],
  [45, ['l 45']],
])('a limit of %p s is %j to the guest', (limitSeconds, lines) => {
  const written = programLines([{ ...program, limitSeconds }]).split('\n')
  expect(written.filter((line) => line.startsWith('l '))).toEqual(lines)
  expect(written.slice(0, 2)).toEqual(['t a:b', 'f a%3Ab'])
})

test('whatever is in a value, a block has one line for each, and its end', () => {
  const text = fc.string({ maxLength: 20 }).map((value) => value.replace(/[\u0000\u0001]/g, ''))
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 4 }), text, (argv, value) => {
      const lines = programLines([{ ...program, argv, environment: { A: value } }]).split('\n')
      expect(lines).toHaveLength(3 + 1 + argv.length + 2)
      expect(lines.slice(-2)).toEqual(['x', ''])
      expect(lines.filter((line) => line.startsWith('a ')).map((line) => line.slice(2).replaceAll('\u0001', '\n'))).toEqual(argv)
    }),
  )
})

test.each(['\0', 'a\u0001b'])('%j cannot be handed over, and is said so', (word) => {
  expect(() => programLines([{ ...program, argv: [word] }])).toThrow('a word of a command is')
})

test('no end and a signal are no success, a limit is a time-out; an exit status is what the suite says', () => {
  const exitWord = (code: number) => `suite's word for ${code}`
  const ends = [null, { kind: 'signal', signal: 9 }, { kind: 'limit', seconds: 5 }, { kind: 'exit', code: 32 }] as const
  expect(ends.map((end) => progressWord(end, { exitWord }))).toEqual(['fail', 'fail', 'timeout', "suite's word for 32"])
})
