import type { Rendered } from '../context.js'
import { byteLength, shortLine } from '../foreign-text.js'
import { describeCompared } from '../known.js'
import { verdictOf } from '../verdict.js'
import { coverageOfChange } from './coverage.js'
import { DETAILS, type Detail } from './detail.js'
import { newFailures } from './failures.js'
import { lostTests, otherPlaces, skipReasons, troubles } from './lists.js'
import { code, count, fenced, prose } from './markdown.js'
import { cacheLedger, sectionsTable, slowest, surroundings } from './tables.js'

/** GitHub drops a step summary over 1 MiB as a whole; other steps of the job do not share it, but leave some room. */
export const SUMMARY_BUDGET_BYTES = 900 * 1024

/**
 * The job summary: what a maintainer must know first, everything else folded.
 * Below the budget whatever the record holds: detail is taken away in steps, and the last step is bounded.
 */
export function summaryMarkdown(rendered: Rendered, budgetBytes = SUMMARY_BUDGET_BYTES): string {
  let blocks: readonly string[] = []
  for (const detail of DETAILS) {
    blocks = blocksOf(rendered, detail)
    if (blocks.reduce((sum, block) => sum + byteLength(block), 0) <= budgetBytes) return blocks.join('')
  }
  return fitting(blocks, budgetBytes)
}

function blocksOf(rendered: Rendered, detail: Detail): readonly string[] {
  return [
    head(rendered),
    lostTests(rendered, detail),
    newFailures(rendered, detail),
    troubles(rendered, detail),
    coverageOfChange(rendered, detail),
    otherPlaces(rendered, detail),
    skipReasons(rendered, detail),
    sectionsTable(rendered, detail),
    slowest(rendered, detail),
    surroundings(rendered, detail),
    cacheLedger(rendered, detail),
  ]
}

const MARKS = { good: '✅', bad: '❌', unsure: '⚠️' } as const

function head(rendered: Rendered): string {
  const { record } = rendered
  const verdict = verdictOf(record, rendered.placement)
  const { comparison } = rendered.placement
  const releases = [...new Set(record.sections.flatMap((section) => section.kernelRelease ?? []))]
  const kernel =
    releases[0] === undefined
      ? ''
      : ` Linux ${code(shortLine(releases[0], 80))}${releases.length > 1 ? ` and ${releases.length - 1} more` : ''}.`
  const artifact =
    rendered.artifactName === null ? '' : ` Logs, JUnit and a page to browse: artifact ${code(shortLine(rendered.artifactName, 120))}.`
  return [
    `## ${MARKS[verdict.tone]} ${prose(verdict.title)}\n\n`,
    verdict.counts.length === 0 ? '' : `**${verdict.counts.join(' · ')}**, of ${count(record.tests.length, 'planned test')}\n\n`,
    reasonOf(record.conclusion.reason, `${kernel}${artifact}`),
    comparison === null ? '' : `Compared with ${code(describeCompared(comparison))}.\n\n`,
  ].join('')
}

/** A sentence, or what a compiler said as it said it: places in it are copied, and its columns mean something. */
function reasonOf(reason: string, after: string): string {
  const [first = '', ...rest] = reason.split('\n', 40)
  if (rest.length === 0) return `${withPlaces(shortLine(first, 1000))}${after}\n\n`
  const colon = / (?:does not build|failed): (?=.)/.exec(first)
  const end = colon === null ? first.length : colon.index + colon[0].length
  const [head, begin] = colon === null ? [first, null] : [first.slice(0, end - 2), first.slice(end)]
  const last = rest.at(-1) ?? ''
  const body = [...(begin === null ? [] : [begin]), ...rest.slice(0, -1)].map((line) => line.slice(0, 500))
  return `${withPlaces(shortLine(head, 1000))}\n\n${fenced(body.join('\n'), 'text')}\n${prose(shortLine(last, 1000))}${after}\n\n`
}

/** Prose with `FILE:LINE` as code, where it can be copied. */
function withPlaces(text: string): string {
  return text
    .split(/(?<![\w+/-])((?:[\w+-]+\/)+[\w.+-]+\.\w+:\d+(?::\d+)?)/)
    .map((part, at) => (part === '' ? '' : at % 2 === 1 ? code(part) : edges(part)))
    .join('')
}

/** White space at the ends of a part is what parts it from the next. */
function edges(part: string): string {
  const middle = part.trim()
  if (middle === '') return part
  const begin = part.length - part.trimStart().length
  return `${part.slice(0, begin)}${prose(middle)}${part.slice(begin + middle.length)}`
}

/** Whole blocks as far as they fit: a table or a fold is never cut in two. */
function fitting(blocks: readonly string[], budgetBytes: number): string {
  const note = '_Left out for size: the report page and run.json in the artifact have everything._\n'
  let left = budgetBytes - byteLength(note)
  const kept: string[] = []
  for (const block of blocks) {
    const size = byteLength(block)
    if (size > left) continue
    kept.push(block)
    left -= size
  }
  return kept.join('') + note
}
