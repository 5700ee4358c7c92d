import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/threat-model.md'), 'utf8')
const rows = page.split('\n').filter((line) => line.startsWith('| ') && !/^\| (?:Who|---) /.test(line))
/** `FILE › TITLE`, as the page names a test. */
const named = [...page.matchAll(/`([\w./-]+\.test\.ts) › ([^`]+)`/g)].map(([, file = '', title = '']) => ({ file, title }))

test('every promise names a test', () => {
  expect(rows.length).toBeGreaterThan(10)
  expect(rows.filter((row) => !/\.test\.ts › /.test(row))).toEqual([])
})

test.each(named)('$file has a test $title', ({ file, title }) => {
  const source = readFileSync(join(root, file), 'utf8')
  expect([`'${title}'`, `"${title}"`, `\`${title}\``].filter((quoted) => source.includes(quoted))).toHaveLength(1)
})

test('every other file it names is there', () => {
  for (const [, path = ''] of page.matchAll(/`((?:scripts|docs|e2e|__tests__)\/[\w./-]+)`/g))
    expect([path, existsSync(join(root, path))]).toEqual([path, true])
})
