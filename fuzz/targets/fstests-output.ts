import { createProgressParser, readOutput, testNameSource } from '../../src/suites/fstests/index.js'
import { mustHold, type Target, textOf } from '../target.js'

/** Words after which no test passed, wherever they stand in its own line. */
const NOT_PASSED = /\[failed, exit|\[dumped core\]|- output mismatch|\[not run\]|\[expunged\]/

const BEGINS_TEST = new RegExp(`^${testNameSource}(?=[ \\t]|$)`)

function passedIn(text: string): readonly { name: string; line: number }[] {
  return readOutput(text).verdicts.filter((one) => one.status === 'pass')
}

/** Where `lines[at]` begins a block: up to the next line that begins with a test's name. */
function blockAt(lines: readonly string[], at: number): readonly string[] {
  const next = lines.findIndex((line, index) => index > at && BEGINS_TEST.test(line))
  return lines.slice(at, next < 0 ? undefined : next)
}

/** A second, dumber reading: a pass needs a line that ends in seconds and nothing that speaks against it. */
function checkPasses(text: string): void {
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  for (const { name, line } of passedIn(text)) {
    const block = blockAt(lines, line - 1)
    mustHold(block[0]?.startsWith(name) === true, `${name} passes on the line it stands on`)
    mustHold(!NOT_PASSED.test(block[0] ?? ''), `${name} passes although its own line says otherwise`)
    mustHold(
      block.some((one) => /(?:^|\s)\d+s$/.test(one)),
      `${name} passes without a time behind it`,
    )
    // The last line of a cut output: nothing shows that it is whole.
    if (block.length === 1) mustHold(line < lines.length, `${name} passes on a line without its end`)
  }
}

/**
 * Cutting takes verdicts away; it must not make one better. What follows the time on lines of its own (`_check_dmesg: …`) is lost with the
 * cut in the last block: who reads a guest that died does not believe its last test, so neither is it asked here.
 */
function checkCut(text: string, at: number): void {
  const whole = new Map(readOutput(text).verdicts.map((one) => [one.line, one.status]))
  checkPasses(text.slice(0, at))
  // At a line's end: a damaged line cut in its middle can come to look like a test's name.
  const cut = readOutput(text.slice(0, text.lastIndexOf('\n', at) + 1)).verdicts
  for (const { name, line, status } of cut.slice(0, -1)) {
    if (status === 'pass') mustHold(whole.get(line) === 'pass', `${name} passes in a cut output and is ${whole.get(line)} in the whole one`)
  }
  const last = cut.at(-1)
  if (last?.status === 'pass') mustHold(whole.get(last.line) !== 'notrun', `${last.name} passes in a cut output and did not run`)
}

/** What is shown while the test runs may lag behind, and never fails. */
function checkProgress(text: string, step: number): void {
  const parser = createProgressParser()
  for (let at = 0; at < text.length; at += step) parser.feed(text.slice(at, at + step))
  parser.end()
}

export const fstestsOutput: Target = {
  name: 'fstests-output',
  words: [
    ...[
      'generic/001',
      'xfs/002',
      '        ',
      ' 3s',
      ' 3s ...  4s',
      '[not run] ',
      '[expunged]',
      '[failed, exit status 1]',
      '- output mismatch',
    ],
    ...[
      'SECTION       -- a',
      'FSTYP         -- xfs',
      'Ran: generic/001',
      'Not run: generic/001',
      'Failures: generic/001',
      '_check_dmesg: ',
    ],
    ...[
      'Passed all 1 tests',
      'Failed 1 of 1 tests',
      'Interrupted!',
      ' - unknown test, ignored',
      '[dumped core]',
      '\t',
      '[10:00:00]',
      '\r',
      '\n',
    ],
  ],
  run(input) {
    const text = textOf(input)
    checkPasses(text)
    for (const fraction of [0.31, 0.63, 0.9]) checkCut(text, Math.floor(text.length * fraction))
    checkProgress(text, 1 + (input[0] ?? 0))
  },
}
