import { type EvidenceVerdict, gatherEvidence, readFstestsResults } from '../../src/suites/fstests/index.js'
import { splitTree, treeReader } from '../memory-tree.js'
import { mustHold, type Target, textOf } from '../target.js'

/** A last attempt that passed needs a word for it, and no file in place that only a failure leaves. */
function checkPass(verdict: EvidenceVerdict, tree: ReadonlyMap<string, string>): void {
  const last = verdict.attempts.at(-1)
  if (last?.status !== 'pass') return
  const [directory = '', id = ''] = verdict.name.split('/')
  const texts = [...tree].filter(([path]) => /(?:stdout|check\.out|check\.output|result\.xml)$/.test(path)).map(([, text]) => text)
  mustHold(
    texts.some((text) => text.includes(verdict.name)),
    `${verdict.name} passes and no source names it`,
  )
  const prefix = verdict.section === null ? '' : `${verdict.section}/`
  for (const base of ['', 'results/']) {
    const at = `${base}${prefix}${directory}/${id}`
    mustHold(!tree.has(`${at}.notrun`), `${verdict.name} passes beside its .notrun`)
  }
}

export const fstestsTree: Target = {
  name: 'fstests-tree',
  words: [
    ...[
      '%% check.stdout',
      '%% results/result.xml',
      '%% results/check.log',
      '%% results/generic/001.out.bad',
      '%% results/generic/001.notrun',
    ],
    ...[
      '%% results/generic/001.dmesg',
      '%% results/generic/001.core.1',
      '%% results/a/result.xml',
      '<testcase classname="xfstests.global" ',
    ],
    ...[
      'name="generic/001" time="3">',
      '</testcase>',
      '<skipped message="no" />',
      '<failure message="x" type="TestFail" />',
      '<![CDATA[',
      ']]>',
    ],
    ...[
      '<testsuite name="xfstests" failures="0" skipped="0" tests="1" time="3">',
      '</testsuite>',
      '\n\t<testcase ',
      '<system-err>',
      '&#0;',
    ],
    ...[
      'generic/001        3s',
      'Ran: generic/001',
      'Failures: generic/001',
      'SECTION       -- a',
      '<!DOCTYPE a [<!ENTITY b "c">]>',
      '&b;',
    ],
  ],
  async run(input) {
    const tree = splitTree(textOf(input))
    const { verdicts, sections } = readFstestsResults(await gatherEvidence(treeReader(tree, 'x'), 'x'))
    for (const verdict of verdicts) checkPass(verdict, tree)
    mustHold(sections.length <= textOf(input).split('\n').length, 'no more sections than lines')
  },
}
