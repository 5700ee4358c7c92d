// Measures the crash classifier on labelled console logs: which are found to hold a report, and whose title is right.
//   npm run crash:confusion -- [--misses] [--part a|b|c] [DIR]
// A label is the header of a file up to its first blank line: `TITLE:` the expected title (empty or absent: nothing to
// report), `ALT:` further accepted ones, `CORRUPTED: Y` a mangled log (its title does not count), `TYPE:` the kind.
// `--part` takes one fixed random part (a: half, b and c: a quarter each), so that patterns can be written against one
// and measured on another.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { load, root } from './bundle.mjs'

const loadClassifier = () => load('src/crash/index.ts')

function readLabelled(path) {
  const lines = readFileSync(path, 'latin1').split('\n')
  const blank = lines.indexOf('')
  const header = lines.slice(0, blank)
  const values = (name) => header.filter((line) => line.startsWith(`${name}:`)).map((line) => line.slice(name.length + 1).trim())
  return {
    titles: [...values('TITLE'), ...values('ALT')].filter((title) => title !== ''),
    hasReport: (values('TITLE')[0] ?? '') !== '',
    corrupted: values('CORRUPTED').includes('Y'),
    type: values('TYPE')[0] ?? '(none)',
    log: lines.slice(blank + 1),
  }
}

function classify(createClassifier, log) {
  const classifier = createClassifier()
  const reports = log.flatMap((line) => classifier.line(line))
  return [...reports, ...classifier.end()].sort((one, other) => one.firstLine - other.firstLine)
}

function partOf(name) {
  const [first, second] = [...createHash('md5').update(`vmtest-${name}`).digest('hex')].map((digit) => Number.parseInt(digit, 16))
  return first < 8 ? 'a' : second < 8 ? 'b' : 'c'
}
const percent = (part, whole) => (whole === 0 ? 'n/a' : `${((100 * part) / whole).toFixed(1)} %`)

function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => String(row[column]).length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => String(cell).padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function byType(results) {
  const types = [...new Set(results.map(({ type }) => type))].sort()
  const rows = types.map((type) => {
    const of = results.filter((result) => result.type === type && result.hasReport && !result.corrupted)
    return [type, of.length, of.filter((result) => result.right).length]
  })
  return table([['type', 'titles', 'right'], ...rows.filter(([, count]) => count > 0)])
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { misses: { type: 'boolean' }, part: { type: 'string' } },
})
const dir = resolve(positionals[0] ?? join(root, '../shared/crash-logs'))
const { createClassifier } = await loadClassifier()
const names = readdirSync(dir).filter((name) => /^\d+\.txt$/.test(name) && (options.part === undefined || partOf(name) === options.part))
const results = names
  .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10))
  .map((name) => {
    const label = readLabelled(join(dir, name))
    const reports = classify(createClassifier, label.log)
    const found = reports.length > 0
    return { name, ...label, reports, found, detected: found === label.hasReport, right: found && label.titles.includes(reports[0].title) }
  })

const count = (hasReport, found) => results.filter((result) => result.hasReport === hasReport && result.found === found).length
const titled = results.filter((result) => result.hasReport && !result.corrupted)
const right = titled.filter((result) => result.right).length
const detected = results.filter((result) => result.detected).length
console.log(
  table([
    ['', 'found', 'not found'],
    ['report', count(true, true), count(true, false)],
    ['no report', count(false, true), count(false, false)],
  ]),
)
console.log(`\n${byType(results)}`)
console.log(`\ndetection ${detected} of ${results.length} (${percent(detected, results.length)})`)
console.log(`titles ${right} of ${titled.length} not marked corrupted (${percent(right, titled.length)})`)
if (options.misses) {
  for (const { name, titles, reports } of results.filter((result) => !result.detected))
    console.log(`\n${name}: detection\n  expected ${titles[0] ?? '(nothing)'}\n  found    ${reports[0]?.title ?? '(nothing)'}`)
  for (const { name, titles, reports } of titled.filter((result) => result.detected && !result.right))
    console.log(
      `\n${name}: title\n  expected ${titles.join(' | ')}\n  found    ${reports
        .map(({ title }) => title)
        .slice(0, 3)
        .join(' ; ')}`,
    )
}
