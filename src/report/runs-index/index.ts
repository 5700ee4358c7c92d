import { indexStyle, indexStyleHash } from '../html/page.generated.js'
import { relativeLink } from '../relative-link.js'
import { count, duration } from '../summary/markdown.js'
import { type Html, html, list, markup } from './markup.js'
import type { RunSummary, TestTable } from './run-summary.js'
import { type FlakyTest, flakyTests, type Spell, spellsOf } from './spells.js'

export { type RunSummary, type SummaryOptions, summarizeRun, TestTable } from './run-summary.js'

export interface RunsIndex {
  readonly title: string
  /** In any order. */
  readonly runs: readonly RunSummary[]
  readonly table: TestTable
  /** Directories that could not be read, one sentence each. */
  readonly problems: readonly string[]
}

/** In the content of the page's generator element: what has it may be replaced. */
export const INDEX_GENERATOR = 'kernel-vmtest index of runs'

/** Columns of the charts; older runs are in the list. */
const MOST_COLUMNS = 60
const MOST_ROWS = 500

/** Many runs on one page that needs nothing else, runs no script and loads nothing: over time, per section, and what broke when. */
export function* indexPage({ title, runs, table, problems }: RunsIndex): Generator<string> {
  const inOrder = [...runs].sort((left, right) => (left.startedAt < right.startedAt ? -1 : left.startedAt > right.startedAt ? 1 : 0))
  const spells = spellsOf(inOrder, table)
  const flaky = flakyTests(inOrder, table)
  yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
  yield `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${indexStyleHash}'; base-uri 'none'; form-action 'none'">\n`
  yield `<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n<meta name="generator" content="${INDEX_GENERATOR}">\n`
  yield markup`<title>${title}</title>\n`.text
  yield `<style>${indexStyle}</style>\n</head>\n<body>\n`
  yield head(title, inOrder, spells).text
  yield '<main>\n'
  yield overTime(inOrder).text
  yield perSection(inOrder).text
  yield whatBroke(spells).text
  yield flakyOnes(flaky).text
  yield allRuns(inOrder).text
  if (problems.length > 0)
    yield markup`<section><h2>Not read</h2><ul>${list(problems.slice(0, 100).map((each) => markup`<li>${each}</li>`))}</ul></section>\n`
      .text
  yield '</main>\n</body>\n</html>\n'
}

function head(title: string, runs: readonly RunSummary[], spells: readonly Spell[]): Html {
  const last = runs.at(-1)
  const failing = spells.filter(({ fixed }) => fixed === null).length
  return markup`<header><h1>${title}</h1><p>${count(runs.length, 'run')}${last === undefined ? '' : `, the last on ${day(last)}: ${last.verdict.title}`}. ${failing === 0 ? 'Nothing is failing.' : `${count(failing, 'test')} failing now.`}</p>
<nav aria-label="On this page"><a href="#time">Over time</a> <a href="#sections">Sections</a> <a href="#broke">What broke when</a> <a href="#flaky">Flaky</a> <a href="#runs">All runs</a></nav></header>\n`
}

const CHART = 120
const STEP = 22
/** Pixels two dates take beside each other. */
const AXIS = 190

/** Failures and flaky tests of each run, as columns; each is a link to the run's page. */
function overTime(runs: readonly RunSummary[]): Html {
  const shown = runs.slice(-MOST_COLUMNS)
  if (shown.length === 0) return markup`<section id="time"><h2>Over time</h2><p>There is no run here yet.</p></section>\n`
  const highest = Math.max(1, ...shown.map(({ counts }) => counts.new + counts.known + counts.flaky))
  const columns = shown.map((run, index) => column(run, { x: index * STEP, scale: CHART / highest }))
  const width = Math.max(shown.length * STEP, AXIS)
  const words = `New, known and flaky failures of ${count(shown.length, 'run')}, oldest first; at most ${highest} in one run.`
  return markup`<section id="time"><h2>Over time</h2>
<p class="legend"><span class="new"><i></i> new</span> <span class="known"><i></i> known</span> <span class="flaky"><i></i> flaky</span> <span class="good"><i></i> nothing failed</span> <span class="unsure"><i></i> could not test</span></p>
<div class="scroll newest"><svg width="${width}" height="${CHART + 42}" role="group" aria-label="${words}">${list(columns)}<text class="axis" x="0" y="${CHART + 38}">${day(shown[0])}</text>${shown.length === 1 ? '' : markup`<text class="axis" x="${width}" y="${CHART + 38}" text-anchor="end">${day(shown.at(-1))}</text>`}</svg></div></section>\n`
}

function column(run: RunSummary, { x, scale }: { readonly x: number; readonly scale: number }): Html {
  const { counts, verdict } = run
  let top = CHART
  const parts = (['known', 'new', 'flaky'] as const).map((kind) => {
    const height = counts[kind] * scale
    top -= height
    return height === 0
      ? markup``
      : markup`<rect class="${kind}" x="${x + 2}" y="${round(top)}" width="${STEP - 4}" height="${round(height)}"/>`
  })
  const words = `${day(run)} ${run.subject}: ${verdict.title}; ${verdict.counts.join(', ')}`
  const mark = verdict.tone === 'good' ? '✓' : verdict.tone === 'bad' ? '✕' : '!'
  return linked(
    run,
    markup`<title>${words}</title><rect class="back" x="${x}" y="0" width="${STEP}" height="${CHART + 24}"/>${list(parts)}<text class="${verdict.tone}" x="${x + STEP / 2}" y="${CHART + 17}" text-anchor="middle">${mark}</text>`,
  )
}

const round = (value: number): number => Math.round(value * 10) / 10

/** A row for a section, a cell for a run. */
function perSection(runs: readonly RunSummary[]): Html {
  const shown = runs.slice(-MOST_COLUMNS)
  const names = [...new Set(shown.flatMap(({ sections }) => sections.map(({ name }) => name)))]
  if (names.length === 0) return markup``
  const rows = names.slice(0, 200).map((name) => {
    const cells = shown.map((run) => {
      const section = run.sections.find((each) => each.name === name)
      if (section === undefined) return markup`<td class="nothing" title="${`${day(run)}: not run`}">·</td>`
      const [tone, sign, words] = section.couldNotTest
        ? ['unsure', '!', 'could not be tested']
        : section.failures > 0
          ? ['bad', String(section.failures), `${count(section.failures, 'failure')} of ${count(section.tests, 'test')}`]
          : section.tests === 0
            ? ['nothing', '·', 'no test ran']
            : ['good', '✓', `${count(section.tests, 'test')}, none failed`]
      return markup`<td class="${tone}" title="${`${day(run)} ${run.subject}: ${words}`}">${linked(run, markup`${sign}`, `#tests?show=all&section=${encodeURIComponent(name)}`)}</td>`
    })
    return markup`<tr><th scope="row">${name}</th>${list(cells)}</tr>`
  })
  return markup`<section id="sections"><h2>Sections</h2><p>Failures of each section in each run, oldest first.</p><div class="scroll newest"><table class="matrix"><tbody>${list(rows)}</tbody></table></div></section>\n`
}

function whatBroke(spells: readonly Spell[]): Html {
  if (spells.length === 0) return markup`<section id="broke"><h2>What broke when</h2><p>No test failed in these runs.</p></section>\n`
  const rows = spells
    .slice(0, MOST_ROWS)
    .map(
      ({ section, name, line, broke, passedBefore, fixed, runs, headline }) =>
        markup`<tr><td class="${fixed === null ? 'bad' : 'good'}">${fixed === null ? 'failing' : 'fixed'}</td><td><b>${name}</b> <small>on ${section}</small></td><td data-name="broke">${where(broke)}${passedBefore === null ? markup` <small>· never seen to pass</small>` : markup` <small>· passed ${day(passedBefore)}${passedBefore.commit === '' ? '' : ` at ${passedBefore.commit}`}</small>`}</td><td data-name="until">${fixed === null ? markup`<small>now, in ${count(runs, 'run')}</small>` : where(fixed)}</td><td>${headline}</td><td data-name="on">${line}</td></tr>`,
    )
  return markup`<section id="broke"><h2>What broke when</h2><div class="scroll"><table class="stacks"><thead><tr><th scope="col">now</th><th scope="col">test</th><th scope="col">broke</th><th scope="col">until</th><th scope="col">how</th><th scope="col">on</th></tr></thead><tbody>${list(rows)}</tbody></table></div>${left(spells.length)}</section>\n`
}

/** A run with its commit: where something changed. */
function where(run: RunSummary): Html {
  return markup`${linked(run, markup`${day(run)}`)} <small>${[run.commit, run.subject].filter((each) => each !== '').join(' ')}</small>`
}

function flakyOnes(flaky: readonly FlakyTest[]): Html {
  if (flaky.length === 0) return markup`<section id="flaky"><h2>Flaky</h2><p>No test failed and passed when run again.</p></section>\n`
  const rows = flaky
    .slice(0, MOST_ROWS)
    .map(
      (test) =>
        markup`<tr><td><b>${test.name}</b> <small>on ${test.section}</small></td><td>${test.flaky} of ${count(test.runs, 'run')} (${Math.round((test.flaky / test.runs) * 100)} %)</td></tr>`,
    )
  return markup`<section id="flaky"><h2>Flaky</h2><div class="scroll"><table><thead><tr><th scope="col">test</th><th scope="col">failed, then passed</th></tr></thead><tbody>${list(rows)}</tbody></table></div>${left(flaky.length)}</section>\n`
}

function allRuns(runs: readonly RunSummary[]): Html {
  const rows = [...runs]
    .reverse()
    .slice(0, MOST_ROWS)
    .map(
      (run) =>
        markup`<tr><td>${linked(run, markup`${run.startedAt.slice(0, 16).replace('T', ' ')}`)}</td><td class="${run.verdict.tone}">${run.verdict.title}</td><td data-name="on">${run.line}</td><td><code>${run.commit}</code> ${run.pullRequest === '' ? run.subject : run.pullRequest}</td><td data-name="kernel">${run.kernel}</td><td data-name="passed">${run.counts.passed} of ${run.counts.tests}</td><td data-name="took">${run.seconds === null ? '' : duration(run.seconds)}</td></tr>`,
    )
  return markup`<section id="runs"><h2>All runs</h2><div class="scroll"><table class="stacks"><thead><tr><th scope="col">started (UTC)</th><th scope="col">verdict</th><th scope="col">on</th><th scope="col">commit</th><th scope="col">kernel</th><th scope="col">passed</th><th scope="col">took</th></tr></thead><tbody>${list(rows)}</tbody></table></div>${left(runs.length)}</section>\n`
}

const left = (all: number): Html => (all > MOST_ROWS ? markup`<p>and ${(all - MOST_ROWS).toLocaleString('en')} more</p>` : markup``)

const day = (run: Pick<RunSummary, 'startedAt'> | undefined): string => (run?.startedAt ?? '').slice(0, 10)

/** Leads to the run's own page where there is one. */
function linked(run: RunSummary, content: Html, fragment = ''): Html {
  const link = run.hasPage ? relativeLink(`${run.directory}/report.html`) : null
  return link === null ? content : markup`<a href="${html(`${link}${fragment}`)}">${content}</a>`
}
