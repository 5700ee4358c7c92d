/** Longest line of foreign text that reaches a log, in characters; the rest is counted, not printed. */
const LINE_LIMIT = 8192

// ECMA-48: CSI sequences, OSC and other strings up to their terminator, two-character escapes.
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])/g
// C0 and C1 without tab and newline; bidirectional embeddings, overrides, isolates and marks; line and paragraph separators; what takes no room.
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g

/** Text of a guest or a tool without anything that moves a cursor, hides text, or ends a line where none ends. */
export function plainText(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(ESCAPES, '')
    .replace(CONTROLS, '')
    .split('\n')
    .map((line) => (line.length > LINE_LIMIT ? `${line.slice(0, LINE_LIMIT)} … (${line.length - LINE_LIMIT} more characters)` : line))
    .join('\n')
}
