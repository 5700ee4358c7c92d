/** Lines of context around a change, as `diff -u` has them. */
const context = 3

/** Beyond this many comparisons the changed middle is taken as replaced as a whole. */
const mostComparisons = 4_000_000

type Step = { readonly sign: ' ' | '-' | '+'; readonly text: string }

/**
 * The difference of two texts in the form of `diff -u`, without times; '' where they are equal.
 * @param names what the two header lines say
 */
export function unifiedDiff(before: string, after: string, names: { readonly before: string; readonly after: string }): string {
  if (before === after) return ''
  const steps = compareLines(toLines(before), toLines(after))
  const hunks = collectHunks(steps)
  if (hunks.length === 0) return ''
  return [`--- ${names.before}`, `+++ ${names.after}`, ...hunks].join('\n')
}

function toLines(text: string): string[] {
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines
}

function compareLines(before: readonly string[], after: readonly string[]): Step[] {
  let head = 0
  while (head < before.length && head < after.length && before[head] === after[head]) head += 1
  let tail = 0
  while (tail < before.length - head && tail < after.length - head && before.at(-1 - tail) === after.at(-1 - tail)) tail += 1
  const same = (lines: readonly string[]): Step[] => lines.map((text) => ({ sign: ' ', text }))
  const middle = compareMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail))
  return [...same(before.slice(0, head)), ...middle, ...same(tail === 0 ? [] : before.slice(-tail))]
}

/** Longest common subsequence by the plain table: golden outputs are short. */
function compareMiddle(before: readonly string[], after: readonly string[]): Step[] {
  if (before.length * after.length > mostComparisons) return replaceAll(before, after)
  const width = after.length + 1
  const lengths = new Uint32Array((before.length + 1) * width)
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0
  for (let row = before.length - 1; row >= 0; row -= 1) {
    for (let column = after.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        before[row] === after[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1))
    }
  }
  const steps: Step[] = []
  let row = 0
  let column = 0
  while (row < before.length && column < after.length) {
    const text = before[row] ?? ''
    if (text === after[column]) {
      steps.push({ sign: ' ', text })
      row += 1
      column += 1
    } else if (at(row + 1, column) >= at(row, column + 1)) {
      steps.push({ sign: '-', text })
      row += 1
    } else {
      steps.push({ sign: '+', text: after[column] ?? '' })
      column += 1
    }
  }
  return [...steps, ...replaceAll(before.slice(row), after.slice(column))]
}

function replaceAll(before: readonly string[], after: readonly string[]): Step[] {
  return [...before.map((text): Step => ({ sign: '-', text })), ...after.map((text): Step => ({ sign: '+', text }))]
}

function collectHunks(steps: readonly Step[]): string[] {
  const lines: string[] = []
  let index = steps.findIndex((step) => step.sign !== ' ')
  while (index >= 0) {
    const start = Math.max(0, index - context)
    let end = index
    // A hunk goes on while the next change is within the context of both.
    for (let next = index; next < steps.length && next - end <= 2 * context; next += 1) if (steps[next]?.sign !== ' ') end = next
    const stop = Math.min(steps.length, end + context + 1)
    lines.push(hunkHeader(steps, start, stop), ...steps.slice(start, stop).map((step) => step.sign + step.text))
    index = steps.findIndex((step, at) => at >= stop && step.sign !== ' ')
  }
  return lines
}

function hunkHeader(steps: readonly Step[], start: number, stop: number): string {
  const lines = (from: number, to: number, sign: '-' | '+'): number =>
    steps.slice(from, to).filter((step) => step.sign === ' ' || step.sign === sign).length
  const range = (sign: '-' | '+'): string => {
    const size = lines(start, stop, sign)
    const first = lines(0, start, sign) + (size === 0 ? 0 : 1)
    return size === 1 ? `${first}` : `${first},${size}`
  }
  return `@@ -${range('-')} +${range('+')} @@`
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
