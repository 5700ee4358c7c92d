import type { TestRecord } from '../../domain/record.js'
import { sectionName } from '../../domain/test-key.js'
import { PLACES } from '../bucket.js'
import type { Rendered } from '../context.js'
import { headlineOf } from '../evidence.js'
import { shortLine, visibleLine } from '../foreign-text.js'
import { lostGroups } from '../lost.js'
import { verdictOf } from '../verdict.js'
import { pageDetail } from './details.js'
import { pageScript, pageStyle, scriptHash, styleHash } from './page.generated.js'
import { PastRuns } from './past-runs.js'
import { pageData } from './run-data.js'

/** UTF-8 bytes of text of one test, and of all: beyond it the page points to the logs. */
const TEST_BYTES = 48 * 1024
const ALL_BYTES = 24 * 1024 * 1024

/**
 * The report as one HTML page that needs nothing else and loads nothing, in pieces. Data is embedded as JSON; the policy lets
 * only our own script and style run, so that nothing in the data could, even if an escape were missing.
 */
export function* htmlPage(rendered: Rendered): Generator<string> {
  const verdict = verdictOf(rendered.record, rendered.placement)
  const policy = [
    "default-src 'none'",
    `script-src '${scriptHash}'`,
    `style-src '${styleHash}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ')
  yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
  yield `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`
  yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
  yield `<title>${html(verdict.title)} · kernel-vmtest</title>\n<style>${pageStyle}</style>\n</head>\n<body>\n`
  yield* withoutScript(rendered)
  const chosen = detailedTests(rendered)
  const pastRuns = new PastRuns()
  let withoutDetails = 0
  let left = ALL_BYTES
  for (const { test, index } of chosen) {
    if (left <= 0) {
      withoutDetails += 1
      continue
    }
    const json = embedded(pageDetail(test, rendered, { maxBytes: Math.min(TEST_BYTES, left), pastRuns }))
    left -= json.length
    yield `<script type="application/json" id="t${index}">${json}</script>\n`
  }
  yield `<script type="application/json" id="run">${embedded(pageData(rendered, withoutDetails, pastRuns))}</script>\n`
  yield `<script>${pageScript}</script>\n</body>\n</html>\n`
}

/** Those a reader opens first come first: the room for details may not do for all. */
function detailedTests(rendered: Rendered): readonly { readonly test: TestRecord; readonly index: number }[] {
  const rank = new Map(PLACES.map((place, index) => [place, index]))
  return rendered.placement.tests
    .map(({ test, place }, index) => ({ test, index, rank: rank.get(place) ?? PLACES.length }))
    .sort((a, b) => a.rank - b.rank || a.index - b.index)
}

/** The verdict for readers without script; the page replaces it. */
function* withoutScript(rendered: Rendered): Generator<string> {
  const { record, placement } = rendered
  const verdict = verdictOf(record, placement)
  yield `<div id="app"><main class="plain"><h1>${html(verdict.title)}</h1>\n<p>${html(shortLine(record.conclusion.reason, 1000))}</p>\n`
  yield `<p>${html(verdict.counts.join(' · '))}</p>\n<ul>\n`
  for (const { reason, tests } of lostGroups(placement).slice(0, 100)) {
    yield `<li>${html(`${tests.length} lost: ${shortLine(reason, 300)}`)}</li>\n`
  }
  for (const test of placement.byPlace.new.slice(0, 100)) {
    yield `<li>${html(`${shortLine(test.name, 200)} on ${sectionName(test, record)}: ${headlineOf(test)}`)}</li>\n`
  }
  yield '</ul>\n<p>The list of tests, logs and timeline need JavaScript; nothing is loaded from anywhere.</p></main></div>\n'
}

const html = (text: string): string => visibleLine(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

/** JSON that cannot end the element it stands in, nor start a comment. */
const embedded = (value: unknown): string => JSON.stringify(value).replaceAll('<', '\\u003c')
