import { withoutTrailing } from '../../domain/without-trailing.js'
/** Columns a mail to a list has. */
export const COLUMNS = 72

const widthOf = (text: string): number => [...text].length

/**
 * Text in lines of 72 columns, broken between words; within one only where it is longer than a line. An address stays whole.
 * @param layout what stands before each line, and before the first
 */
export function wrapped(text: string, layout: { readonly indent?: string; readonly first?: string } = {}): string[] {
  const { indent = '', first = indent } = layout
  const lines: string[] = []
  let line = first
  let isEmpty = true
  for (const word of text
    .split(/\s+/)
    .filter(Boolean)
    .flatMap((each) => pieces(each, COLUMNS - widthOf(indent)))) {
    if (widthOf(line) + (isEmpty ? 0 : 1) + widthOf(word) > COLUMNS && (!isEmpty || line === first)) {
      if (!isEmpty || line.trim() !== '') lines.push(withoutTrailing(line, ' '))
      line = indent
      isEmpty = true
    }
    line += isEmpty ? word : ` ${word}`
    isEmpty = false
  }
  return isEmpty ? lines : [...lines, line]
}

function pieces(word: string, room: number): readonly string[] {
  const characters = [...word]
  if (characters.length <= room || /^https?:\/\//.test(word)) return [word]
  return Array.from({ length: Math.ceil(characters.length / room) }, (_, index) =>
    characters.slice(index * room, (index + 1) * room).join(''),
  )
}

/** One line of evidence, cut at the last column: a log is not wrapped, or nobody finds its lines again. */
export function cut(line: string, prefix: string): string {
  const characters = [...withoutTabs(line.trimEnd())]
  const room = COLUMNS - widthOf(prefix)
  return `${prefix}${characters.length <= room ? characters.join('') : `${characters.slice(0, room - 3).join('')}...`}`
}

/** Tabs as they look at the line's start: stops of eight columns. */
const withoutTabs = (line: string): string =>
  line.split('\t').reduce((text, part) => `${text}${' '.repeat(8 - (widthOf(text) % 8))}${part}`)

/** A shell command in lines of 72 columns that can be copied as they are: a line that goes on ends in a backslash. */
export function commandLines(command: string, indent: string): string[] {
  const lines: string[] = []
  let line = indent
  for (const word of shellWords(command)) {
    const isFirst = line.trim() === ''
    if (!isFirst && widthOf(line) + 1 + widthOf(word) + 2 > COLUMNS) {
      lines.push(`${line} \\`)
      line = `${indent}    `
    }
    line += line.trim() === '' ? word : ` ${word}`
    // A plain word goes on in the first column of the next line: blanks there would be part of the command.
    while (widthOf(line) > COLUMNS && PLAIN.test(word)) {
      lines.push(`${line.slice(0, COLUMNS - 1)}\\`)
      line = line.slice(COLUMNS - 1)
    }
  }
  return line.trim() === '' ? lines : [...lines, line]
}

const PLAIN = /^[A-Za-z0-9_@%+=:,./-]+$/

/** The words of a command with their quotes: what stands in single quotes is part of its word. */
function shellWords(command: string): readonly string[] {
  return command.match(/(?:[^\s'\\]|\\.|'[^']*'?)+/g) ?? []
}
