import { FILE_HEADERS_ONLY, formatPatch, type StructuredPatch, structuredPatch } from 'diff'

/** Lines of context around a change, as `diff -u` has them. */
const context = 3

/** Texts that differ by more lines than this are shown as replaced as a whole: comparing takes time with the square of it. */
const mostChanges = 1000

/**
 * The difference of two texts in the form of `diff -u`, without times; '' where they are equal.
 * @param names what the two header lines say
 */
export function unifiedDiff(before: string, after: string, names: { readonly before: string; readonly after: string }): string {
  const [left, right] = [endLine(before), endLine(after)]
  if (left === right) return ''
  const patch =
    structuredPatch(names.before, names.after, left, right, undefined, undefined, { context, maxEditLength: mostChanges }) ??
    replaceWhole(left, right, names)
  return formatPatch(patch, FILE_HEADERS_ONLY).replace(/\n$/, '')
}

/** A last line without its newline is a line: whether a text ends in one is no difference worth a hunk. */
function endLine(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`
}

function replaceWhole(before: string, after: string, names: { readonly before: string; readonly after: string }): StructuredPatch {
  const [left, right] = [before.split('\n').slice(0, -1), after.split('\n').slice(0, -1)]
  let head = 0
  while (head < left.length && head < right.length && left[head] === right[head]) head += 1
  const lines = [...left.slice(head).map((line) => `-${line}`), ...right.slice(head).map((line) => `+${line}`)]
  const hunk = { oldStart: head + 1, oldLines: left.length - head, newStart: head + 1, newLines: right.length - head, lines }
  return { oldFileName: names.before, newFileName: names.after, oldHeader: undefined, newHeader: undefined, hunks: [hunk] }
}

/** Cuts a diff to some lines and characters, saying how much is left out and where it is. */
export function capDiff(diff: string, where: string | null): string {
  const mostLines = 400
  const mostCharacters = 64 * 1024
  const lines = diff.split('\n')
  if (lines.length <= mostLines && diff.length <= mostCharacters) return diff
  const kept = lines.slice(0, mostLines).join('\n').slice(0, mostCharacters)
  return `${kept}\n… cut: ${lines.length} lines in all${where === null ? '' : `, see ${where}`}`
}
