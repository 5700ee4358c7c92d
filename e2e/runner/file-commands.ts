import { readFile } from 'node:fs/promises'

/**
 * The key-value files (GITHUB_OUTPUT, GITHUB_STATE, GITHUB_ENV): `name=value`, or `name<<DELIMITER`, lines, DELIMITER.
 * Rules as in the runner's FileCommandManager.cs. @throws Error for a line that is neither, or a heredoc without its end
 */
export function parseKeyValues(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const lines = text.split('\n')
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ''
    if (line === '') continue
    const equals = line.indexOf('=')
    const heredoc = line.indexOf('<<')
    if (equals >= 0 && (heredoc < 0 || equals < heredoc)) {
      values.set(named(line.slice(0, equals), line), line.slice(equals + 1))
      continue
    }
    if (heredoc < 0) throw new Error(`Invalid format '${line}'`)
    const delimiter = line.slice(heredoc + 2)
    const end = lines.indexOf(delimiter, index + 1)
    if (delimiter === '' || end < 0) throw new Error(`Invalid value. Matching delimiter not found '${delimiter}'`)
    values.set(named(line.slice(0, heredoc), line), lines.slice(index + 1, end).join('\n'))
    index = end
  }
  return values
}

function named(name: string, line: string): string {
  if (name === '') throw new Error(`Invalid format '${line}'. Name must not be empty`)
  return name
}

/** Directories in GITHUB_PATH, first line first. */
export function parsePathFile(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '')
}

/** Where a summary is this large or larger the runner takes none of it. */
const SUMMARY_LIMIT_BYTES = 1024 * 1024

export type SummaryFile = { readonly kind: 'taken'; readonly markdown: string } | { readonly kind: 'refused'; readonly message: string }

export async function readSummary(path: string): Promise<SummaryFile> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0))
  if (bytes.length > SUMMARY_LIMIT_BYTES) {
    const kiB = Math.floor(bytes.length / 1024)
    return { kind: 'refused', message: `$GITHUB_STEP_SUMMARY upload aborted, supports content up to a size of 1024k, got ${kiB}k.` }
  }
  return { kind: 'taken', markdown: bytes.toString('utf8') }
}
