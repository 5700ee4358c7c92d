import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Suite } from '../../../src/suites/index.js'
import { madeUp } from './index.js'

/** A part without which a suite does not compile is `needed`, whatever anybody writes here. */
type Parts = { readonly [Part in keyof Suite]-?: Omit<Suite, Part> extends Suite ? 'optional' : 'needed' }

const PARTS: Parts = {
  name: 'needed',
  title: 'needed',
  settings: 'needed',
  enumerate: 'needed',
  builtInSections: 'needed',
  tree: 'needed',
  image: 'needed',
  choice: 'needed',
  needs: 'needed',
  drive: 'needed',
  tuning: 'needed',
  marker: 'needed',
  expectedSeconds: 'needed',
  provocations: 'needed',
  judge: 'needed',
  guest: 'needed',
  ofKernel: 'optional',
  localConfigSections: 'optional',
  obstacles: 'optional',
  provocationsOf: 'optional',
  proof: 'optional',
  readForeignDirectory: 'optional',
  readForeignLog: 'optional',
}

const named = (kind: 'needed' | 'optional') => Object.entries(PARTS).flatMap(([part, each]) => (each === kind ? [part] : []))

// @ts-expect-error A suite that judges nothing is none.
const withoutJudge: Suite = (({ judge: _judge, ...rest }) => rest)(madeUp)

test('a suite that lacks a part does not compile, and the made-up one has no more than it must', () => {
  expect(Object.keys(withoutJudge).sort()).toEqual(
    named('needed')
      .filter((part) => part !== 'judge')
      .sort(),
  )
  expect(Object.keys(madeUp).sort()).toEqual(named('needed').sort())
})

test('the page on adding a suite names every part, the optional ones as such', () => {
  const page = readFileSync(join(import.meta.dirname ?? __dirname, '../../../docs/howto/add-a-suite.md'), 'utf8')
  const rows = page.split('\n').flatMap((line) => {
    const [, parts, what] = /^ *\| (`.*`) \| (.*) \|$/.exec(line) ?? []
    return parts === undefined || what === undefined
      ? []
      : [{ parts: parts.replaceAll('`', '').split(', '), isOptional: what.startsWith('optional:') }]
  })
  const of = (isOptional: boolean) => rows.filter((row) => row.isOptional === isOptional).flatMap(({ parts }) => parts)
  expect(of(false).sort()).toEqual(named('needed').sort())
  expect(of(true).sort()).toEqual(named('optional').sort())
})
