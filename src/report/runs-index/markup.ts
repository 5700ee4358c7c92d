import { visible } from '../foreign-text.js'

/** Markup of ours, in which everything foreign has been escaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** Text as it stands in an element or in a quoted attribute: everything invisible made visible, nothing of it markup. */
export function html(text: string): Html {
  const line = visible(text).replace(/[\n\t]+/g, ' ')
  return new Html(line.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`))
}

/** Markup with values in it: whatever is not markup itself is escaped. */
export function markup(strings: TemplateStringsArray, ...values: readonly (Html | string | number)[]): Html {
  const escaped = values.map((value) => (value instanceof Html ? value.text : html(String(value)).text))
  return new Html(strings.map((string, index) => `${string}${escaped[index] ?? ''}`).join(''))
}

export const list = (parts: readonly Html[]): Html => new Html(parts.map(({ text }) => text).join('\n'))
