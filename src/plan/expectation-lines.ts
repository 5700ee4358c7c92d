import type { TestRecord } from '../domain/record.js'
import { countsAsFailure } from '../domain/verdict.js'

/**
 * The failures of a run as lines of an expectations file, each without its reason: only a person knows it, and a list with an empty one is
 * refused. Above each the verdict, as a comment.
 */
export function expectationLines(tests: readonly TestRecord[]): readonly string[] {
  return tests.filter(countsAsFailure).flatMap((test) => {
    const message = firstLine(test.attempts.find(({ status }) => status === test.status)?.message ?? '')
    // No list ever excuses these; the line is for after they are down to a plain failure.
    const never = test.status === 'fail' ? '' : ' (no list excuses this)'
    return [
      `# ${test.status}${message === '' ? '' : `: ${message.slice(0, 200)}`}${never}`,
      `xfail ${test.name} section=${test.section} -- `,
    ]
  })
}

/** Of foreign text, without what would steer a terminal. */
function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').replace(/\p{Cc}/gu, '\ufffd')
}
