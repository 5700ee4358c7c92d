import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { CELLS, FAULTS, STAGES } from '../services/fault-cells.js'

const root = join(import.meta.dirname, '../..')
const page = readFileSync(join(root, 'docs/faults.md'), 'utf8')
/** `FILE › TITLE`, as the page names a test. */
const NAMED = /`([\w./-]+\.test\.ts) › ([^`]+)`/g
const named = [...page.matchAll(NAMED)].map(([, file = '', title = '']) => ({ file, title }))

function servicesTable(): string {
  const stages = Object.keys(STAGES)
  const rows = Object.keys(FAULTS).map((fault) => {
    const cells = stages.map((stage) => CELLS.find((cell) => cell.fault === fault && cell.stage === stage)?.outcome ?? '–')
    return `| ${[fault, ...cells].join(' | ')} |`
  })
  return [`| ${['Fault', ...stages].join(' | ')} |`, `| ${['---', ...stages.map(() => '---')].join(' | ')} |`, ...rows].join('\n')
}

test('the table of the services is what their tests are made of', () => expect(page).toContain(servicesTable()))

test.each(named)('$file has a test $title', ({ file, title }) => {
  const source = readFileSync(join(root, file), 'utf8')
  expect([`'${title}'`, `"${title}"`, `\`${title}\``].filter((quoted) => source.includes(quoted))).toHaveLength(1)
})

test('the count the page gives is the number of its cells', () => {
  const told = /(\d+) cells: (\d+) of the services, (\d+) of the machine/.exec(page)?.slice(1).map(Number)
  expect(told).toEqual([CELLS.length + named.length, CELLS.length, named.length])
  expect(CELLS.length + named.length).toBeGreaterThanOrEqual(40)
})
