import { readXunit } from '../../src/suites/fstests/xunit.js'
import { mustHold, type Target, textOf } from '../target.js'

function passes(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const one of readXunit(text).cases) if (one.status === 'pass') counts.set(one.name, (counts.get(one.name) ?? 0) + 1)
  return counts
}

/** A document cut anywhere has no pass the whole one does not have. */
function checkCut(text: string, whole: ReadonlyMap<string, number>, at: number): void {
  for (const [name, count] of passes(text.slice(0, at))) {
    mustHold(count <= (whole.get(name) ?? 0), `${name} passes more often in a cut document than in the whole one`)
  }
}

export const fstestsXml: Target = {
  name: 'fstests-xml',
  words: [
    ...[
      '<?xml version="1.0" encoding="UTF-8"?>\n',
      '<testsuite name="xfstests" tests="1">',
      '</testsuite>',
      '\n\t<testcase ',
      '</testcase>',
    ],
    ...[
      'classname="xfstests.global" ',
      'name="generic/001" ',
      'time="3"',
      '<skipped message="no" />',
      '<failure message="x" type="TestFail" />',
    ],
    ...[
      '<system-out>',
      '</system-out>',
      '<system-err>',
      '</system-err>',
      '<kernel-log>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '&amp;',
      '&#0;',
      '&x;',
    ],
    ...['<property name="KERNEL" value="6.1"/>', '<!DOCTYPE a [<!ENTITY b "c">]>', '<?a?>', '/>', '\u0000'],
  ],
  run(input) {
    const text = textOf(input)
    const whole = passes(text)
    const written = text.split('<testcase').length - 1
    const counted = [...whole.values()].reduce((sum, count) => sum + count, 0)
    mustHold(counted <= written, 'no more passes than <testcase> elements')
    for (const fraction of [0.37, 0.71, 0.93]) checkCut(text, whole, Math.floor(text.length * fraction))
  },
}
