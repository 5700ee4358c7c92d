import type { KernelReport } from '../domain/kernel-report.js'
import { type ClassifierOptions, createClassifier } from './classifier.js'
import { MAX_LINE_CHARS } from './console-line.js'

/** One line of `vmtest classify --json`. */
export type ClassifiedReport = Pick<KernelReport, 'kind' | 'title' | 'fatal' | 'firstLine' | 'lastLine' | 'test'>

/**
 * Finds the kernel's reports in a console log that comes in chunks cut anywhere, in constant memory.
 * Lines end with `\n`; `firstLine` and `lastLine` count them from 1, in the input as given. Invalid UTF-8 is no error.
 */
export async function* classifyChunks(
  chunks: AsyncIterable<Uint8Array | string>,
  options: ClassifierOptions = {},
): AsyncGenerator<ClassifiedReport> {
  for await (const report of reportsOf(chunks, options)) yield summary(report)
}

/** The same, each report with its lines. */
export async function* reportsOf(
  chunks: AsyncIterable<Uint8Array | string>,
  options: ClassifierOptions = {},
): AsyncGenerator<KernelReport> {
  const classifier = createClassifier(options)
  for await (const line of splitLines(chunks)) yield* classifier.line(line)
  yield* classifier.end()
}

const summary = ({ kind, title, fatal, firstLine, lastLine, test }: KernelReport): ClassifiedReport => ({
  kind,
  title,
  fatal,
  firstLine,
  lastLine,
  test,
})

/** Lines of a byte stream, without `\n`; what a line has beyond the longest that matters is dropped as it comes. */
async function* splitLines(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: false })
  let rest = ''
  for await (const chunk of chunks) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
    let start = 0
    for (let end = text.indexOf('\n'); end !== -1; end = text.indexOf('\n', start)) {
      yield rest + text.slice(start, end)
      rest = ''
      start = end + 1
    }
    if (rest.length < MAX_LINE_CHARS * 2) rest += text.slice(start, start + MAX_LINE_CHARS * 2)
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}
