import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import type { KernelReport } from '../../src/domain/kernel-report.js'
import { createClassifier } from './every-suite.js'

function classify(lines: readonly string[]): KernelReport[] {
  const classifier = createClassifier()
  return [...lines.flatMap((line) => classifier.line(line)), ...classifier.end()].sort((a, b) => a.firstLine - b.firstLine)
}
const key = ({ kind, title, fatal }: KernelReport): string => `${kind} ${fatal} ${title}`

const own = join(import.meta.dirname, 'cases')
const shared = join(import.meta.dirname, '../../../shared')
const read = (path: string): string[] => readFileSync(path, 'latin1').split('\n')

/** Every log there is: the cases here, and, where they are at hand, those of public reports and the labelled ones. */
function logs(): (readonly [name: string, lines: string[]])[] {
  const found = readdirSync(own).map((name) => [name, read(join(own, name, 'console.log'))] as const)
  const reports = join(shared, 'cases/reports')
  for (const folder of existsSync(reports) ? readdirSync(reports).filter((name) => !name.includes('.')) : []) {
    for (const name of readdirSync(join(reports, folder)).filter((name) => name.endsWith('.log')))
      found.push([`${folder}/${name}`, read(join(reports, folder, name))])
  }
  const labelled = join(shared, 'crash-logs')
  for (const name of existsSync(labelled) ? readdirSync(labelled).filter((name) => /^\d+\.txt$/.test(name)) : []) {
    const lines = read(join(labelled, name))
    found.push([name, lines.slice(lines.indexOf('') + 1)])
  }
  return found
}

describe('reading a log again', () => {
  const all = logs()

  it("from a report's first line finds the same report", () => {
    const lost: string[] = []
    for (const [name, lines] of all) {
      const reports = classify(lines)
      for (const [index, report] of reports.entries()) {
        const again = classify(lines.slice(report.firstLine - 1))
        const same = again.find(({ firstLine }) => firstLine === 1)
        // A panic that an earlier report caused and that comes after this one's beginning is charged to this one then.
        if (same?.fatal === true && reports.slice(0, index).some(({ fatal }) => fatal)) continue
        if (same === undefined || key(same) !== key(report) || same.lastLine !== report.lastLine - report.firstLine + 1)
          lost.push(`${name}:${report.firstLine}: ${key(report)} is ${same === undefined ? 'lost' : key(same)}`)
      }
    }
    expect(lost).toEqual([])
  })

  it("from a report's last line finds nothing of it", () => {
    const found: string[] = []
    for (const [name, lines] of all) {
      for (const report of classify(lines)) {
        // One without a stack may begin where it ends: with the line that names it.
        const from = report.frames.length === 0 ? report.lastLine : report.lastLine - 1
        const again = classify(lines.slice(from, report.lastLine))
        for (const same of again) if (key(same) === key(report)) found.push(`${name}:${report.lastLine}: ${key(report)}`)
      }
    }
    expect(found).toEqual([])
  })
})

describe('a stamp of whatever form', () => {
  const log = read(join(own, 'kasan-interleaved', 'console.log'))
  const bare = /^(?:[\d:.]+\| )?\[ *(\d+\.\d+)\](?:\[ *([CT]\d+)\])? ?/
  const forms: Readonly<Record<string, (seconds: string, caller: string | undefined, text: string) => string>> = {
    'dmesg -d': (seconds, caller, text) => `[${seconds} <    0.000001>]${caller === undefined ? '' : `[${caller}]`} ${text}`,
    'dmesg -x': (seconds, caller, text) => `kern  :warn  : [${seconds}]${caller === undefined ? '' : `[${caller}]`} ${text}`,
    'dmesg -r': (seconds, caller, text) => `<4>[${seconds}]${caller === undefined ? '' : `[ ${caller}]`} ${text}`,
    journal: (seconds, caller, text) => `Jan 02 03:04:05 host kernel: [${seconds}]${caller === undefined ? '' : `[${caller}]`} ${text}`,
    '/dev/kmsg': (_, caller, text) => `4,12,3456,-${caller === undefined ? '' : `,caller=${caller}`};${text}`,
    netconsole: (_, caller, text) => `6.12.0,4,12,3456,-${caller === undefined ? '' : `,caller=${caller}`};${text}`,
    runner: (seconds, caller, text) => `03:04:05.123| [${seconds}]${caller === undefined ? '' : `[${caller}]`} ${text}`,
    'GitHub, then the runner': (seconds, caller, text) =>
      `2026-01-02T03:04:05.1234567Z 03:04:05.123| [${seconds}]${caller === undefined ? '' : `[${caller}]`} ${text}`,
  }

  it.each(Object.keys(forms))('%s changes nothing', (name) => {
    const restamped = log.map((line) => {
      const match = bare.exec(line)
      return match === null ? line : (forms[name]?.(match[1] ?? '', match[2], line.slice(match[0].length)) ?? line)
    })
    expect(restamped).not.toEqual(log)
    expect(classify(restamped)).toEqual(classify(log))
  })

  /** Without the printing task in it, where two write at once they cannot be told apart: so a log of one. */
  const calm = read(join(own, 'lockdep-circular', 'console.log'))
  const dates = [
    '[Fri Jan  2 03:04:05 2026] ',
    '[Jan 2 03:04] ',
    '[Nov29 23:26] ',
    '[Do Okt  2 03:04:05 2026] ',
    '[ven. janv.  2 03:04:05 2026] ',
    '[  -0.000012] ',
    '[ 2345.123456 <   -0.000690>] ',
    '[  +0.000012] ',
    '[<    0.000012>] ',
    '2026-01-02T03:04:05,123456+00:00 ',
    'Jan 02 03:04:05 host kernel: ',
    'Jan 02 03:04:05.123456 host kernel: ',
    'Fri 2026-01-02 03:04:05 UTC host kernel: ',
    'Fri 2026-01-02 03:04:05 CEST host kernel: ',
    '2026-01-02T03:04:05+0000 host kernel: ',
    '2026-01-02T03:04:05.123456+00:00 host kernel: ',
    '1767323045.123456 host kernel: ',
    '[ 2345.123456] host kernel: ',
    'Jan  2 03:04:05 host kern.warn kernel: ',
    '<4>Jan  2 03:04:05 host kernel: ',
    'kern  :warn  : [Fri Jan  2 03:04:05 2026] ',
    'kern  :warn  : ',
    '00044 ',
    '03:04:05 ',
    '[03:04:05.123] ',
    'Jan 02 03:04:05 192.168.0.2 [ 2345.123456] ',
  ]
  it.each(dates)('%j changes nothing', (stamp) => {
    const restamped = calm.map((line) => line.replace(bare, () => stamp))
    expect(restamped).not.toEqual(calm)
    const titles = (lines: readonly string[]) =>
      classify(lines).map((report) => [key(report), report.firstLine, report.lastLine, report.test])
    expect(titles(restamped)).toEqual(titles(calm))
  })
})
