import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { UserError } from '../../src/domain/errors.js'
import { parseInputs } from '../../src/inputs/parse.js'
import { INPUTS, OUTPUTS } from '../../src/inputs/specification.js'

const root = join(import.meta.dirname ?? __dirname, '../..')
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8')) as {
  inputs: Record<string, { default: string; description: string }>
  outputs: Record<string, { description: string }>
  runs: Record<string, string>
}

test('action.yml and the README are what the table of inputs gives', () => {
  expect(() => execFileSync('node', ['scripts/docs.mjs', '--check'], { cwd: root, stdio: 'pipe' })).not.toThrow()
})

test('action.yml has the inputs the parser reads, with the same defaults', () => {
  const expected = Object.fromEntries(INPUTS.filter(({ faces }) => faces.includes('action')).map((input) => [input.name, input.default]))
  expect(Object.fromEntries(Object.entries(action.inputs).map(([name, input]) => [name, input.default]))).toEqual(expected)
})

test('action.yml has the outputs of the table', () => {
  expect(Object.keys(action.outputs)).toEqual(OUTPUTS.map(({ name }) => name))
})

test('the action runs on node24 and always runs its post', () => {
  expect(action.runs).toEqual({ using: 'node24', main: 'dist/main.js', post: 'dist/post.js', 'post-if': 'always()' })
})

test('the defaults alone are valid inputs', () => {
  expect(parseInputs('action', {})).toMatchObject({ accelerator: 'auto', failOn: 'new', upload: 'always', vms: 'auto', cache: true })
})

test('every wrong value is named with what is allowed, all in one message', () => {
  const attempt = () => parseInputs('action', { accelerator: 'kmv', vms: 'many', 'no-such': 'x', upload: 'Always' })
  expect(attempt).toThrow(UserError)
  for (const part of [
    '`accelerator` is `kmv`; allowed: auto, kvm, tcg',
    '`vms` is `many`; allowed: auto, or a whole number',
    '`no-such` is not',
    'always, failure, never',
  ])
    expect(attempt).toThrow(part)
})

test.each(INPUTS.filter(({ kind }) => kind === 'choice'))('each choice of $name is accepted', (input) => {
  if (input.kind !== 'choice') throw new Error('filtered above')
  for (const choice of input.choices) expect(() => parseInputs('cli', { [input.name]: choice })).not.toThrow()
})
