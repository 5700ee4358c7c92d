/**
 * Text that others wrote: guests, tools, configuration. Everything a rendering shows passes through here first,
 * so that no control character, bidirectional override or half character reaches a reader, a terminal or a parser.
 */

const NOT_PLAIN = /[^\n\t\x20-\x7e]/
/** Control, format (bidi, zero-width, tags), surrogate, private and unassigned code points, and the two line separators. */
const UNSEEN = /[\p{C}\p{Zl}\p{Zp}]/gu

/**
 * The text with everything invisible spelled out: `\x1b`, `\u{202e}`. Line feeds and tabs stay, CR LF becomes a line feed.
 * The result is well-formed Unicode and holds only characters that XML 1.0 allows.
 */
export function visible(text: string): string {
  if (isPlain(text)) return text
  return text.replaceAll('\r\n', '\n').replace(UNSEEN, spellOut)
}

/** Whether a text holds nothing but ASCII that can be seen, line feeds and tabs: it is as long in bytes, and visible as it is. */
export const isPlain = (text: string): boolean => !NOT_PLAIN.test(text)

/** As `visible`, on one line: line feeds and tabs become spaces. */
export function visibleLine(text: string): string {
  return visible(text)
    .replace(/[\n\t]+/g, ' ')
    .trim()
}

function spellOut(character: string): string {
  if (character === '\n' || character === '\t') return character
  if (character === '\r') return '\\r'
  const code = character.codePointAt(0) ?? 0
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd'
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** Length in UTF-8 bytes. Lone surrogates count three, as the replacement character does. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text)
}

/** The longest beginning of a text within a number of UTF-8 bytes; never ends inside a character. */
export function headBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const cut = text.slice(0, Math.max(0, maxBytes))
  if (byteLength(cut) <= maxBytes) return dropHalf(cut)
  const bytes = Buffer.from(cut)
  let end = maxBytes
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return bytes.toString('utf8', 0, end)
}

/** The longest end of a text within a number of UTF-8 bytes; never starts inside a character. */
export function tailBytes(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes) return text
  const bytes = Buffer.from(text.slice(Math.max(0, text.length - Math.max(0, maxBytes))))
  let start = Math.max(0, bytes.length - maxBytes)
  while (start < bytes.length && ((bytes[start] ?? 0) & 0xc0) === 0x80) start += 1
  return bytes.toString('utf8', start)
}

const dropHalf = (text: string): string => (/[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text)

/**
 * A text cut to a number of UTF-8 bytes: three quarters from the beginning, the rest from the end, with a line between
 * that says how much is missing and where the whole lies.
 */
export function cutMiddle(text: string, maxBytes: number, pointer: string): string {
  if (text.length * 3 <= maxBytes) return text
  const size = byteLength(text)
  if (size <= maxBytes) return text
  const note = (bytes: number) => `\n[… ${bytes} bytes left out; ${pointer} …]\n`
  const room = maxBytes - byteLength(note(size))
  if (room <= 0) return headBytes(note(size).trim(), maxBytes)
  const head = headBytes(text, Math.ceil(room * 0.75))
  const tail = tailBytes(text, room - byteLength(head))
  return `${head}${note(size - byteLength(head) - byteLength(tail))}${tail}`
}

/** A text on one line with at most so many characters; a cut is marked with `…`. */
export function shortLine(text: string, maxCharacters: number): string {
  // Making text visible hardly ever shortens it: twice the room is looked at, so that a huge text costs no more than a long one.
  const line = visibleLine(text.length > maxCharacters * 2 ? text.slice(0, maxCharacters * 2) : text)
  return line.length <= maxCharacters && text.length <= maxCharacters * 2 ? line : `${dropHalf(line.slice(0, maxCharacters - 1))}…`
}
