/** How a test that is a program ended, as the agent wrote it into FILE.status. */
export type ProgramEnd =
  | { readonly kind: 'exit'; readonly code: number }
  /** An exit status above 128 is told so, as shells do. */
  | { readonly kind: 'signal'; readonly signal: number }
  /** It did not end in time. */
  | { readonly kind: 'limit'; readonly seconds: number }

/** Reads a status file; null for anything the agent does not write. */
export function parseProgramEnd(text: string): ProgramEnd | null {
  const match = /^(exit|signal|limit) (\d{1,9})\n?$/.exec(text)
  const number = Number(match?.[2])
  if (match?.[1] === 'exit') return number <= 255 ? { kind: 'exit', code: number } : null
  if (match?.[1] === 'signal') return number >= 1 && number <= 127 ? { kind: 'signal', signal: number } : null
  return match?.[1] === 'limit' ? { kind: 'limit', seconds: number } : null
}
