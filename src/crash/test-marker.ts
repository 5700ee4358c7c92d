/** Plain text at the start of a regular expression's source. */
const PLAIN = /^[A-Za-z0-9 :_,-]*/

/** The test a line says starts, and when by the guest's clock (`2026-11-23T09:48:09`), where the marker tells it. */
export interface StartedTest {
  readonly name: string
  readonly at: string | null
}

/**
 * Finds the lines of a console log that say which test starts.
 * @param sources regular expressions with a group `name`, and one `at` where there is a date and a time, each beginning with plain text
 */
export function testMarkers(sources: readonly string[]): (line: string) => StartedTest | null {
  // regexp: the suites’ own, each looked at where it is written; a console line is at most 1024 characters long
  const markers = [...new Set(sources)].map((source) => ({ plain: PLAIN.exec(source)?.[0] ?? '', pattern: new RegExp(source) }))
  return (line) => {
    for (const { plain, pattern } of markers) {
      // Nearly no line has the text: looking for it costs a tenth of the expression.
      const found = line.includes(plain) ? pattern.exec(line)?.groups : undefined
      if (found?.name !== undefined) return { name: found.name, at: found.at?.replace(' ', 'T') ?? null }
    }
    return null
  }
}
