import { visible } from './foreign-text.js'

export type XmlAttributes = Readonly<Record<string, string>>

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\n': '&#10;', '\t': '&#9;' }

/** Attributes with a leading space each; any text is made into valid XML. */
export function attributes(values: XmlAttributes): string {
  return Object.entries(values)
    .map(([name, value]) => ` ${name}="${visible(value).replace(/[&<>"\n\t]/g, (character) => ENTITIES[character] ?? '')}"`)
    .join('')
}

/** Any text as a CDATA section; `]]>` is split over two. */
export function cdata(text: string): string {
  const safe = visible(text)
  return `<![CDATA[${safe.includes(']]>') ? safe.replaceAll(']]>', ']]]]><![CDATA[>') : safe}]]>`
}

/** One element on its own line; the content is XML already. */
export function element(name: string, values: XmlAttributes, content: string): string {
  return `<${name}${attributes(values)}>${content}</${name}>\n`
}
