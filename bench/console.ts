import { createClassifier } from '../src/crash/index.js'

/*
 * What reading a console costs where every line opens a report: 10 MB of them. The last line printed is JSON: `seconds` of processor time for the
 * whole, `reports` found.
 */

const BYTES = 10 * 1024 * 1024
const lineOf = (number: number) =>
  `[${String(10 + number / 1000).padStart(12)}][   T${number % 7}] BUG: KASAN: slab-use-after-free in tank_${number % 97}+0x10/0x20\n`

const lines: string[] = []
for (let size = 0, number = 0; size < BYTES; number += 1) {
  const line = lineOf(number)
  lines.push(line.slice(0, -1))
  size += line.length
}
const started = process.cpuUsage()
const classifier = createClassifier({ programs: true })
let reports = 0
for (const line of lines) reports += classifier.line(line).length
reports += classifier.end().length
const { user, system } = process.cpuUsage(started)
console.log(JSON.stringify({ seconds: (user + system) / 1e6, lines: lines.length, reports }))
