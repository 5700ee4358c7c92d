import { visible } from './foreign-text.js'

export type XmlAttributes = Readonly<Record<string, string>>

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;', '\t': '&#9;' }

/** What stands in an attribute as it is: nearly every name, number and word. */
const PLAIN = /^[ !#-%'-;=?-~]*$/

/** Attributes with a leading space each; any text is made into valid XML. */
export function attributes(values: XmlAttributes): string {
  let text = ''
  for (const [name, value] of Object.entries(values)) text += ` ${name}="${PLAIN.test(value) ? value : escaped(value)}"`
  return text
}

function escaped(value: string): string {
  return visible(value).replace(/[&<>"\n\t]/g, (character) => ENTITIES[character] ?? '')
}

/** Any text as a CDATA section; `]]>` is split over two. */
export const cdata = (text: string): string => cdataOfVisible(visible(text))

/** A text that is visible already as a CDATA section: evidence is large, and looked at once. */
export function cdataOfVisible(safe: string): string {
  return `<![CDATA[${safe.includes(']]>') ? safe.replaceAll(']]>', ']]]]><![CDATA[>') : safe}]]>`
}

/** One element on its own line; the content is XML already. */
export function element(name: string, values: XmlAttributes, content: string): string {
  return `<${name}${attributes(values)}>${content}</${name}>\n`
}
