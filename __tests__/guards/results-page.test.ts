import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
/** The lines of the table that names a test in each, by its head. */
function rowsOf(path: string, head: RegExp): readonly string[] {
  const page = readFileSync(join(root, path), 'utf8')
  return (new RegExp(`${head.source}\\n\\|(?:---\\|)+\\n((?:\\|.*\\n)+)`).exec(page)?.[1] ?? '').trim().split('\n')
}
const rules = rowsOf('docs/results.md', /\| rule \| test \|/)
const ways = rowsOf('docs/reference/false-verdicts.md', /\| suite \| falsely \| what \| test \|/)
/** `FILE › TITLE`, as the page names a test. */
const NAMED = /`([\w./-]+\.test\.ts) › ([^`]+)`/g

test.each([...rules, ...ways])('%s', (rule) => {
  const named = [...rule.matchAll(NAMED)].map(([, file = '', title = '']) => ({ file, title }))
  expect(named.length).toBeGreaterThan(0)
  for (const { file, title } of named) {
    const source = readFileSync(join(root, file), 'utf8')
    const found = ["'", '"', '`'].filter((quote) => source.includes(`${quote}${title}${quote}`))
    expect([file, title, found.length]).toEqual([file, title, 1])
  }
})

test('the pages have their rules', () => expect([rules.length > 20, ways.length > 30]).toEqual([true, true]))
