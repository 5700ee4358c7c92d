import { createClassifier } from '../../src/crash/index.js'
import { type KernelReport, kernelReportSchema } from '../../src/domain/kernel-report.js'
import { suites } from '../../src/suites/index.js'
import { mustHold, type Target, textOf } from '../target.js'

function checkReport(report: KernelReport, lineCount: number): void {
  mustHold(kernelReportSchema.safeParse(report).success, 'a report fits its schema')
  mustHold(report.title !== '', 'a report has a title')
  mustHold(!/[\u0000-\u0008\u000a-\u001f]/.test(report.title), 'a title is one line without control characters')
  mustHold(report.firstLine >= 1 && report.firstLine <= report.lastLine && report.lastLine <= lineCount, 'a report lies in the log')
}

/** A kernel that says that it panicked is never taken for one that goes on: the report is there, wherever the log is cut. */
function checkPanic(lines: readonly string[], reports: readonly KernelReport[]): void {
  const plain = lines.findIndex((line) => /^\[ {0,4}\d{1,5}\.\d{6}\] Kernel panic - not syncing: [A-Za-z ]{1,60}$/.test(line))
  if (plain >= 0) mustHold(reports.length > 0, 'a plain panic line gives a report')
}

export const consoleTarget: Target = {
  name: 'console',
  words: [
    ...[
      'BUG: KASAN: ',
      'BUG: kernel NULL pointer dereference, address: ',
      'WARNING: CPU: 0 PID: 1 at fs/a.c:1 ',
      'Kernel panic - not syncing: ',
    ],
    ...['------------[ cut here ]------------', '---[ end trace 0000000000000000 ]---', 'Call Trace:', ' <TASK>', ' </TASK>', '+0x1/0x2'],
    ...[
      'INFO: task a:1 blocked for more than 120 seconds.',
      'watchdog: BUG: soft lockup',
      'rcu: INFO: ',
      'Linux version 6.12.0',
      '[  T31] ',
    ],
    ...[
      'run fstests generic/001 at 2026-11-24 10:00:00',
      '[    1.000000] ',
      'RIP: 0010:',
      'unreferenced object 0x0 (size 8)',
      '\r',
      '\u001b[31m',
    ],
  ],
  run(input) {
    const lines = textOf(input).split('\n')
    const classifier = createClassifier({ suites: Object.values(suites) })
    const reports = lines.flatMap((line) => classifier.line(line))
    reports.push(...classifier.end())
    for (const report of reports) checkReport(report, lines.length)
    checkPanic(lines, reports)
    mustHold(classifier.end().length === 0, 'a classifier that ended has nothing left to say')
  },
}
