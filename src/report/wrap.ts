/** Terminal control sequences of our own: colours. They take no room. */
const COLOUR = /\u001b\[[0-9;]*m/g

/** Below this a terminal is too narrow to wrap for, in columns. */
const NARROW = 20

/**
 * A line broken between words so that each part fits; further parts are indented as the text after the first gap of the line is, or by two.
 * A word that is longer than a line (a path) is left whole: a terminal still shows it as one that can be copied.
 */
export function wrapLine(line: string, columns: number, indent = indentOf(line)): string {
  if (columns < NARROW || widthOf(line) <= columns) return line
  const lead = /^\s*/.exec(line)?.[0] ?? ''
  const lines: string[] = []
  let current = lead
  for (const word of line.slice(lead.length).split(' ')) {
    const joint = current.trim() === '' ? '' : ' '
    if (joint !== '' && widthOf(current) + 1 + widthOf(word) > columns) {
      lines.push(current)
      current = indent + word
    } else current += joint + word
  }
  return [...lines, current].join('\n')
}

/** Every line of a text. */
export function wrapText(text: string, columns: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, columns))
    .join('\n')
}

function indentOf(line: string): string {
  return `${/^\s*/.exec(line)?.[0] ?? ''}  `
}

function widthOf(text: string): number {
  return text.replace(COLOUR, '').length
}
