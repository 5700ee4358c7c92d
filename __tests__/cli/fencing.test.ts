import { describe, expect, it } from '@jest/globals'
import { fencing } from '../../src/cli/fencing.js'

const inStep = fencing({ GITHUB_ACTIONS: 'true' }, () => 'T')

describe('what the command prints in a step', () => {
  it.each([
    '::error title=forged::x\n',
    'a\n  ::add-mask::passed\nb\n',
    '##[set-env name=A]b',
    '\t::warning::x',
    `${' '.repeat(300)}::error::x`,
    '\u2003\u0085\v::error::x',
    'a\r::error::x',
  ])('fences %j', (text) => {
    expect(inStep(text)).toBe(`::stop-commands::T\n${text.replace(/\n$/, '')}\n::T::\n`)
  })

  it('leaves other text alone', () => {
    for (const text of ['{"a":"::error::"}\n', 'std::string\n', '']) expect(inStep(text)).toBe(text)
  })

  it('fences nothing elsewhere', () => {
    expect(fencing({})('::error::x')).toBe('::error::x')
  })
})
