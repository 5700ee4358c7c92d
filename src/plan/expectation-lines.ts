import type { RunRecord, TestRecord } from '../domain/record.js'
import type { TestName } from '../domain/test.js'
import { countsAsFailure } from '../domain/verdict.js'

/**
 * The failures of a run as lines of an expectations file, each without its reason: only a person knows it, and a list with an empty one is
 * refused. Above each the verdict, as a comment. Of a run of several suites each line names its own.
 */
export function expectationLines({
  tests,
  plan,
}: {
  readonly tests: readonly TestRecord[]
  readonly plan: Pick<RunRecord['plan'], 'suites'>
}): readonly string[] {
  return tests.filter(countsAsFailure).flatMap((test) => {
    const message = firstLine(test.attempts.find(({ status }) => status === test.status)?.message ?? '')
    // No list ever excuses these; the line is for after they are down to a plain failure.
    const never = test.status === 'fail' ? '' : ' (no list excuses this)'
    return [
      `# ${test.status}${message === '' ? '' : `: ${message.slice(0, 200)}`}${never}`,
      `xfail ${writtenName(test.name)}${plan.suites.length > 1 ? ` suite=${test.suite}` : ''} section=${test.section} -- `,
    ]
  })
}

/** As a list has to have it: in quotes where it has blanks; what would end those, or the line, as the pattern that takes it. */
function writtenName(name: TestName): string {
  return /^[^\s"=]+$/.test(name) ? name : `"${name.replace(/"|\s(?=--\s)|(?<=\s--)\s/g, '?')}"`
}

/** Of foreign text, without what would steer a terminal. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/\p{Cc}/gu, '\ufffd')
}
