import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/results.md'), 'utf8')
const rules = (/\| rule \| test \|\n\|---\|---\|\n((?:\|.*\n)+)/.exec(page)?.[1] ?? '').trim().split('\n')
/** `FILE › TITLE`, as the page names a test. */
const NAMED = /`([\w./-]+\.test\.ts) › ([^`]+)`/g

test.each(rules)('%s', (rule) => {
  const named = [...rule.matchAll(NAMED)].map(([, file = '', title = '']) => ({ file, title }))
  expect(named.length).toBeGreaterThan(0)
  for (const { file, title } of named) {
    const source = readFileSync(join(root, file), 'utf8')
    const found = ["'", '"', '`'].filter((quote) => source.includes(`${quote}${title}${quote}`))
    expect([file, title, found.length]).toEqual([file, title, 1])
  }
})

test('the page has its rules', () => expect(rules.length).toBeGreaterThan(20))
