import { type Frame, titleInFull } from '../domain/kernel-report.js'
import type { TestRecord } from '../domain/record.js'
import type { Annotation, ComparedTest } from '../domain/stages.js'
import type { SuiteName } from '../domain/test.js'
import { sectionName, testKey } from '../domain/test-key.js'
import { withoutTrailing } from '../domain/without-trailing.js'
import { describeBase } from './base.js'
import { decidingAttempt } from './buckets.js'
import type { Rendered } from './context.js'
import { coverageAnnotations } from './coverage-lines.js'
import { describeFrame, headlineOf, logPaths, tellingReports, topFrames } from './evidence.js'
import { headBytes, shortLine } from './foreign-text.js'

/** GitHub shows ten annotations of each level per step, and cuts a message at 4096 characters. */
const PER_LEVEL = 10
const MESSAGE_BYTES = 4000

export interface AnnotationOptions {
  /** Files the pull request changes, relative to the repository; null where that is not known. */
  readonly changedFiles: readonly string[] | null
  /** Where the sources of each suite lie in the repository, where they do: else a test's own file is not annotated. */
  readonly sourceDirectories: Readonly<Record<SuiteName, string>>
}

interface Place {
  readonly file?: string
  readonly line?: number
}

/**
 * The most useful annotations first, within GitHub's limits: new failures on changed lines their frames point to, then other
 * new failures (those with the same title together), then what needs a look, then what is only good to know.
 */
export function annotationsOf(rendered: Rendered, options: AnnotationOptions): readonly Annotation[] {
  return [
    ...limited(failureAnnotations(rendered, options), 'error'),
    ...limited(warningAnnotations(rendered, options).map(made), 'warning'),
    ...limited(noticeAnnotations(rendered).map(made), 'notice'),
  ]
}

/** An annotation that is made when it is shown: of 50 000 nobody sees more than ten. */
interface Pending {
  readonly title: () => string
  readonly annotation: () => Annotation
}

const made = (annotation: Annotation): Pending => ({ title: () => annotation.title, annotation: () => annotation })

function limited(all: readonly Pending[], level: Annotation['level']): readonly Annotation[] {
  if (all.length <= PER_LEVEL) return all.map(({ annotation }) => annotation())
  const left = all.length - (PER_LEVEL - 1)
  const titles: string[] = []
  let length = 0
  for (const { title } of all.slice(PER_LEVEL - 1)) {
    if (length > MESSAGE_BYTES) break
    const text = title()
    titles.push(text)
    length += text.length + 1
  }
  const message = headBytes(titles.join('\n'), MESSAGE_BYTES)
  const shown = all.slice(0, PER_LEVEL - 1).map(({ annotation }) => annotation())
  return [...shown, { level, title: `and ${left} more, in the job summary`, message }]
}

function failureAnnotations(rendered: Rendered, options: AnnotationOptions): readonly Pending[] {
  const groups = new Map<string, TestRecord[]>()
  for (const test of rendered.placement.byPlace.new) {
    // The same kernel report under many tests is one thing to look at; a differing output is the test's own.
    const reported = tellingReports(decidingAttempt(test)).length > 0
    const key = reported ? headlineOf(test) : testKey(test)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [test])
    else group.push(test)
  }
  const changed = new Set(options.changedFiles)
  const pending = [...groups.values()].map((tests) => {
    const { file } = changed.size === 0 || tests[0] === undefined ? {} : placeOf(tests[0], options)
    return {
      isOnChange: file !== undefined && changed.has(file),
      title: () => failureTitle(tests, rendered),
      annotation: () => failureAnnotation(tests, rendered, options),
    }
  })
  return [...pending.filter(({ isOnChange }) => isOnChange), ...pending.filter(({ isOnChange }) => !isOnChange)]
}

function failureTitle([test]: readonly TestRecord[], { record }: Rendered): string {
  if (test === undefined) throw new Error('a group of failures is empty')
  return shortLine(`${test.name} (${sectionName(test, record)}): ${headlineOf(test)}`, 250)
}

function failureAnnotation(tests: readonly TestRecord[], rendered: Rendered, options: AnnotationOptions): Annotation {
  const [test] = tests
  if (test === undefined) throw new Error('a group of failures is empty')
  const attempt = decidingAttempt(test)
  const reports = tellingReports(attempt)
  const frames = reports[0] === undefined ? [] : topFrames(reports[0], 6).map((frame) => `  ${describeFrame(frame)}`)
  const others = tests.length > 1 ? [`Also under: ${tests.slice(1, 20).map(nameOf).join(', ')}${tests.length > 20 ? ', …' : ''}`] : []
  const said = attempt?.message ? [shortLine(attempt.message, 500)] : []
  const diff =
    reports.length === 0 && attempt?.diff
      ? attempt.diff
          .slice(0, 2000)
          .split('\n')
          .slice(0, 12)
          .map((line) => shortLine(line, 200))
      : []
  const logs = logPaths(attempt).slice(0, 2)
  const base = describeBase(test)
  const lines = [
    ...said,
    ...(base === null ? [] : [`It ${base}.`]),
    ...frames,
    ...others,
    `Reproduce: ${shortLine(rendered.reproduce(test), 1000)}`,
    ...logs.map((path) => `Log: ${path}`),
    ...diff,
  ]
  return {
    level: 'error',
    title: failureTitle(tests, rendered),
    message: headBytes(lines.join('\n'), MESSAGE_BYTES),
    ...placeOf(test, options),
  }
}

/** A changed file that a frame points to, else the test's own file where the repository has it, else none. */
function placeOf(test: TestRecord, options: AnnotationOptions): Place {
  const { changedFiles } = options
  const frames = !changedFiles?.length ? [] : tellingReports(decidingAttempt(test)).flatMap((report) => report.frames)
  for (const frame of frames) {
    const file = changedFile(frame, changedFiles ?? [])
    if (file !== undefined) return { file, ...(frame.line === undefined ? {} : { line: frame.line }) }
  }
  const source = options.sourceDirectories[test.suite]
  if (source === undefined || test.file === undefined) return {}
  const directory = withoutTrailing(source, '/')
  const file = directory === '' || directory === '.' ? test.file : `${directory}/${test.file}`
  return { file, ...(test.line === undefined ? {} : { line: test.line }) }
}

/** A frame's path is relative to the kernel tree, which may lie below the repository's root. */
function changedFile(frame: Frame, changedFiles: readonly string[]): string | undefined {
  const { file } = frame
  if (file === undefined) return undefined
  return changedFiles.find((each) => each === file) ?? changedFiles.find((each) => each.endsWith(`/${file}`))
}

const nameOf = (test: ComparedTest): string => `${shortLine(test.name, 120)} (${shortLine(test.section, 120)})`

function warningAnnotations(rendered: Rendered, options: AnnotationOptions): readonly Annotation[] {
  const { record, placement } = rendered
  const warn = (title: string, message: string, place: Place = {}): Annotation => ({
    level: 'warning',
    title: shortLine(title, 250),
    message: headBytes(message, MESSAGE_BYTES),
    ...place,
  })
  const untested = record.sections.filter((section) => section.couldNotTest !== null)
  const reports = record.unattributedReports.filter((report) => !report.provoked)
  return [
    ...untested.map((section) => warn(`${section.name} could not be tested`, shortLine(section.couldNotTest ?? '', 1000))),
    ...record.problems.map((problem) => warn('problem', shortLine(problem, 1000))),
    ...reports.map((report) =>
      warn(`outside any test: ${titleInFull(report)}`, topFrames(report, 6).map(describeFrame).join('\n') || 'see the console log'),
    ),
    ...coverageAnnotations(record, options.changedFiles),
    ...together(placement.byPlace.notreached, 'not reached', warn),
    ...placement.byPlace.flaky.map((test) =>
      warn(`${nameOf(test)} is flaky: ${headlineOf(test)}`, 'Failed, then passed when run again.', placeOf(test, options)),
    ),
    ...placement.byPlace.stale.map((test) =>
      warn(
        `${nameOf(test)} passes although a failure is expected`,
        `Expected: ${shortLine(test.expectedFailure?.reason ?? '', 500)}. Remove it from the list.`,
      ),
    ),
    ...together(placement.vanished, 'vanished since the baseline', warn),
    ...together(placement.newlyNotrun, 'newly not run', warn),
  ]
}

function together(
  tests: readonly ComparedTest[],
  what: string,
  make: (title: string, message: string) => Annotation,
): readonly Annotation[] {
  if (tests.length === 0) return []
  return [make(`${tests.length} ${tests.length === 1 ? 'test' : 'tests'} ${what}`, tests.slice(0, 200).map(nameOf).join('\n'))]
}

function noticeAnnotations(rendered: Rendered): readonly Annotation[] {
  const { byPlace, fixed } = rendered.placement
  const note = (title: string, message: string): Annotation => ({ level: 'notice', title, message: headBytes(message, MESSAGE_BYTES) })
  return [...together(fixed, 'fixed', note), ...together(byPlace.known, 'fail as on the base', note)]
}
