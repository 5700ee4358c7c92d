import type { Rendered } from '../context.js'
import { coverageHead, coverageRows, unreachedFunctions } from '../coverage-lines.js'
import type { Detail } from './detail.js'
import { code, prose, table } from './markdown.js'

/** What the tests made of the change's own lines: a row for each line with code, those no test ran first of all in its words. */
export function coverageOfChange({ record: { coverage } }: Rendered, detail: Detail): string {
  if (coverage === undefined) return ''
  const rows = coverageRows(coverage)
  const shown = rows.slice(0, detail.listed).map(({ place, ran, text, what, state }) => {
    const mark = state === 'run' ? '' : '⚠️ '
    return [code(place), ran, code(text), `${mark}${prose(what)}`]
  })
  const left = rows.length - shown.length
  const unreached = unreachedFunctions(coverage)
  const list = unreached
    .slice(0, detail.listed)
    .map((name) => code(name))
    .join(', ')
  return [
    `### Coverage of the change\n\n${prose(coverageHead(coverage))}\n\n`,
    unreached.length === 0
      ? ''
      : `**No test reaches ${unreached.length === 1 ? 'a changed function' : `${unreached.length} changed functions`}**: ${list}\n\n`,
    shown.length === 0 ? '' : table(['line', 'ran:', 'source', 'what'], shown),
    left > 0 ? `and ${left} more\n\n` : '',
  ].join('')
}
