/** The text without the same character over and over at its end: `dir///` without `/`. A pattern (`/+$`) would try at each in a long row of them. */
export function withoutTrailing(text: string, character: string): string {
  let end = text.length
  while (end > 0 && text[end - 1] === character) end -= 1
  return text.slice(0, end)
}
