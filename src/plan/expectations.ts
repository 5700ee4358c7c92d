import { architectureSchema } from '../domain/bundle.js'
import { describeError } from '../domain/errors.js'
import type { SelectionRequest } from '../domain/inputs.js'
import type { Files } from '../ports/index.js'
import { type KernelRange, parseKernelRange } from './kernel-range.js'

const verbs = ['xfail', 'expunged', 'notrun', 'report'] as const

/** One line of an expectation or exclude file. */
export interface Expectation {
  /** `expunged`: not run. `xfail`: run, and expected to fail. `notrun`: run, and expected to decline. `report`: comes under no test. */
  readonly verb: (typeof verbs)[number]
  /** A test's name or a glob (`xfs/*`) as the line has it, perhaps with its suite before it (`SUITE:WORD`); of a `report` its title, whole. */
  readonly test: string
  /** Suites the line is about; empty: each that knows the test. Whether there are such suites is not looked at here. */
  readonly suites: readonly string[]
  /** Section names or globs, perhaps with their suite before them; empty: every section. */
  readonly sections: readonly string[]
  readonly kernel: KernelRange | null
  /** Empty: every architecture. */
  readonly architectures: readonly string[]
  readonly reason: string
  readonly link: string | null
  /** `FILE:LINE`, for messages. */
  readonly origin: string
}

/** Every line of every list, with what is wrong with them, each as `FILE:LINE: …`. */
export interface Expectations {
  readonly entries: readonly Expectation[]
  readonly problems: readonly string[]
}

export const noExpectations: Expectations = { entries: [], problems: [] }

/** Reads every list a request names. A missing file is a problem like any other: all are reported at once, before booting. */
export async function loadExpectations(
  files: Pick<Files, 'readText'>,
  request: Pick<SelectionRequest, 'excludeFiles' | 'expectationFiles'>,
): Promise<Expectations> {
  const loaded: Expectations[] = []
  for (const path of request.expectationFiles) loaded.push(await loadOne(files, path, parseExpectations))
  for (const path of request.excludeFiles) loaded.push(await loadOne(files, path, parseExcludeFile))
  return { entries: loaded.flatMap((one) => one.entries), problems: loaded.flatMap((one) => one.problems) }
}

async function loadOne(
  files: Pick<Files, 'readText'>,
  path: string,
  parse: (text: string, path: string) => Expectations,
): Promise<Expectations> {
  try {
    return parse(await files.readText(path), path)
  } catch (error) {
    return { entries: [], problems: [`${path}: the list cannot be read: ${describeError(error)}.`] }
  }
}

const keys = ['suite', 'section', 'kernel', 'arch', 'link'] as const
type Key = (typeof keys)[number]

/**
 * Reads our own form (docs/expectations.md): `xfail generic/475 section=xfs_4k kernel=>=6.1,<6.6 -- reason`.
 * @param path for messages only
 */
export function parseExpectations(text: string, path: string): Expectations {
  const entries: Expectation[] = []
  const problems: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const result = parseLine(line, `${path}:${index + 1}`)
    if (typeof result === 'string') problems.push(`${path}:${index + 1}: ${result}`)
    else entries.push(result)
  }
  return { entries, problems }
}

function parseLine(line: string, origin: string): Expectation | string {
  // A line that ends in ` --` has no reason, and lost the blank after it.
  const whole = `${line} `
  const dashes = whole.search(/\s--\s/)
  const [left, reason] = dashes < 0 ? [whole, ''] : [whole.slice(0, dashes), whole.slice(dashes + 4).trim()]
  const [word = ''] = left.split(/\s/, 1)
  const verb = verbs.find((name) => name === word)
  if (verb === undefined) return `\`${word}\` is none of ${verbs.map((name) => `\`${name}\``).join(', ')}.`
  const { name: test, rest, isQuoted } = leadingName(left.slice(word.length).trimStart())
  if (verb === 'report' && (!isQuoted || test.trim() === '')) return '`report` wants the title of a kernel report in double quotes.'
  if (test === '') return `\`${verb}\` names nothing.`
  if (!isQuoted && keys.some((key) => test.startsWith(`${key}=`)))
    return `\`${verb}\` wants a test (\`generic/475\`) or a glob (\`xfs/*\`), not \`${test}\`.`
  const options = words(rest)
  if (reason === '') return `\`${test}\` has no reason: end the line with \` -- why\`.`
  const values = parseOptions(options)
  if (typeof values === 'string') return values
  const kernel = values.kernel === undefined ? null : parseKernelRange(values.kernel)
  if (values.kernel !== undefined && kernel === null) return `\`kernel=${values.kernel}\` is no range such as \`>=6.1,<6.6\`.`
  const architectures = values.arch?.split(',') ?? []
  const odd = architectures.find((name) => !architectureSchema.safeParse(name).success)
  if (odd !== undefined) return `\`arch=${odd}\` is none of ${architectureSchema.options.join(', ')}.`
  const [suites, sections] = [values.suite?.split(',') ?? [], values.section?.split(',') ?? []]
  return { verb, test, suites, sections, kernel, architectures, reason, link: values.link ?? null, origin }
}

/** The name a line begins with: up to a blank, or in double quotes, as one with blanks has to be; '' where there is none. */
function leadingName(text: string): { readonly name: string; readonly rest: string; readonly isQuoted: boolean } {
  const [quoted, inside] = /^"([^"]*)"(?=\s|$)/.exec(text) ?? []
  if (quoted !== undefined) return { name: inside ?? '', rest: text.slice(quoted.length), isQuoted: true }
  const [name = ''] = text.split(/\s/, 1)
  return { name, rest: text.slice(name.length), isQuoted: false }
}

/** Verb, test and one of each option are fewer, so that one of these is wrong where there are more. */
const MOST_WORDS = 12

function words(text: string): readonly string[] {
  const trimmed = text.trim()
  return trimmed === '' ? [] : trimmed.split(/\s+/, MOST_WORDS)
}

function parseOptions(options: readonly string[]): Partial<Record<Key, string>> | string {
  const values: Partial<Record<Key, string>> = {}
  for (const option of options) {
    const at = option.indexOf('=')
    const key = keys.find((name) => name === option.slice(0, at))
    if (at < 0 || key === undefined)
      return `\`${option}\` is none of ${keys.map((name) => `${name}=`).join(', ')} (a reason follows \` -- \`).`
    if (values[key] !== undefined) return `\`${key}=\` stands twice.`
    if (option.length === at + 1) return `\`${key}=\` has no value.`
    values[key] = option.slice(at + 1)
  }
  return values
}

/**
 * Reads a list of tests to leave out: a test's name at the start of a line, in double quotes where it has blanks; `#` comments. The name may be any
 * suite's: whether there is such a test is asked of the suites that run.
 * Runners ignore a line that starts with a blank or names no test; here that is a problem.
 * @param path for messages only
 */
export function parseExcludeFile(text: string, path: string): Expectations {
  const entries: Expectation[] = []
  const problems: string[] = []
  for (const [index, raw] of text.split('\n').entries()) {
    const origin = `${path}:${index + 1}`
    const line = raw.replace(/\r$/, '')
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue
    const name = leadingName(line.trimStart())
    // A comment may touch a name that is not in quotes.
    const test = name.isQuoted ? name.name : (name.name.split('#', 1)[0] ?? '')
    const [words = '', ...comment] = (name.isQuoted ? name.rest : line.trimStart().slice(test.length)).split('#')
    if (/^\s/.test(line)) problems.push(`${origin}: \`${test}\` must stand at the start of the line (check ignores it otherwise).`)
    else if (test.trim() === '') problems.push(`${origin}: the quotes hold no name.`)
    else entries.push(excluded(test, [words.trim().replace(/\s+/g, ' '), comment.join('#').trim()], origin))
  }
  return { entries, problems }
}

function excluded(test: string, said: readonly string[], origin: string): Expectation {
  const reason = said.filter((part) => part !== '').join(' ')
  return {
    ...{ verb: 'expunged', test, suites: [], sections: [], kernel: null, architectures: [], link: null, origin },
    reason: reason === '' ? `excluded by ${origin}` : reason,
  }
}
