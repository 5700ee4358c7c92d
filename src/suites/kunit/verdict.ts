import type { ProgramEnd } from '../../domain/program-end.js'
import { judgeProgram } from '../ktap/index.js'
import type { ProgramJudge } from '../programs/judge.js'
import { UNTESTED } from './drive.js'

/** The agent's word of an end that comes with UNTESTED. */
const NOT_TESTED = 125

/**
 * KTAP as debugfs has it; what no case of is there was not tested. A filter that lets nothing through and `kunit.enable=0` leave a kernel that runs
 * nothing and says nothing.
 */
export const judgeKunit: ProgramJudge = (end: ProgramEnd | null, output: string, name) => {
  const verdict = judgeProgram(end, output)
  const untested = output.split('\n', 20).find((line) => line.startsWith(UNTESTED))
  if (end?.kind === 'exit' && end.code === NOT_TESTED && untested !== undefined) {
    return { ...verdict, status: 'notreached', message: untested.slice(UNTESTED.length) }
  }
  if (verdict.status === 'pass' && verdict.subtestCount === 0) {
    return { ...verdict, status: 'notreached', message: 'its results have no case in them' }
  }
  const isBenign = verdict.status === 'pass' || verdict.status === 'notrun'
  // regexp: a name without special characters, at a line’s start
  if (isBenign && !new RegExp(`^ok \\d+ ${escaped(name)}( |$)`, 'm').test(output)) {
    return { ...verdict, status: 'notreached', message: 'its results end before its own' }
  }
  if (verdict.status === 'notrun' && verdict.subtestCount > 0) {
    return { ...verdict, message: verdict.subtests.find(({ status, message }) => status === 'notrun' && message)?.message ?? ALL_SKIPPED }
  }
  return verdict
}

/** debugfs has no reasons (lib/kunit/debugfs.c of 6.12). */
const ALL_SKIPPED = 'every case was skipped'

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
