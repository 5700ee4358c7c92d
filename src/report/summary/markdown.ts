import { withoutTrailing } from '../../domain/without-trailing.js'
import { visible, visibleLine } from '../foreign-text.js'

/**
 * GitHub's Markdown out of foreign text. GitHub looks for @mentions, #issues, links and math in the rendered text,
 * where backslashes and entities are gone already; only code, or an invisible character in between, stops it.
 */

const BREAK = '\u200b'

/** Short foreign text as inline code: nothing in it has effect. Tables need `|` escaped even there. */
export function code(text: string): string {
  const line = visibleLine(text).replaceAll('|', '\\|')
  if (line === '') return '` `'
  const longest = Math.max(0, ...(line.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${line}${pad}${fence}`
}

/** A sentence of ours that may quote others, as plain text on one line. */
export function prose(text: string): string {
  return visibleLine(text)
    .replace(/[\\`*_[\]<>&|~$]/g, (character) => ESCAPES[character] ?? `\\${character}`)
    .replace(/^(\d*)(?=[-+=.)#])/, '$1\\')
    .replace(/@|#(?=\w)/g, `$&${BREAK}`)
    .replace(/\bgh-(?=\d)/gi, `$&${BREAK}`)
    .replace(/:(?=\/\/)|\b(?:mailto|xmpp):|\bwww(?=\.)/gi, `$&${BREAK}`)
    .replace(/:(?=[\w+-]+:)/g, `$&${BREAK}`)
    .replace(/\b[0-9a-f]{7,}\b/gi, (hash) => hash.replace(/.{6}(?=.)/g, `$&${BREAK}`))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  // The way GitHub documents to keep a dollar sign from starting math.
  $: '<span>$</span>',
}

/** Foreign text of many lines in a fence longer than any in it. */
export function fenced(text: string, language: 'text' | 'diff' | 'sh' | '' = ''): string {
  const body = withoutTrailing(visible(text), '\n')
  const longest = Math.max(2, ...(body.match(/`{3,}/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${body}\n${fence}\n`
}

/** Foreign text inside raw HTML, where Markdown is not read: as code, so that no mention in it has effect. */
export function htmlCode(text: string): string {
  const escaped = visibleLine(text).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
  return `<code>${escaped}</code>`
}

/** A folded block. The title is HTML of ours. */
export function details(title: string, body: string, state: 'open' | 'closed' = 'closed'): string {
  return `<details${state === 'open' ? ' open' : ''}><summary>${title}</summary>\n\n${withoutTrailing(body, '\n')}\n\n</details>\n\n`
}

/** A table; cells are Markdown already. Columns whose head ends in `:` are aligned right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |\n`
  const titles = head.map((title) => title.replace(/:$/, ''))
  const rule = head.map((title) => (title.endsWith(':') ? '---:' : '---'))
  return `${line(titles)}${line(rule)}${rows.map(line).join('')}\n`
}

/** `1 test`, `2 tests`. */
export const count = (number: number, noun: string, plural = `${noun}s`): string => `${number} ${number === 1 ? noun : plural}`

/** Seconds for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

/** Bytes for people. */
export function bytes(size: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let unit = 0
  let value = size
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}
