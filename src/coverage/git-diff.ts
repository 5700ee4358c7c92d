/** A run of lines a change takes away and puts in their place. */
export interface Hunk {
  /** First line in the old file, and how many; of none, the line they are put behind. */
  readonly oldStart: number
  readonly oldCount: number
  readonly newStart: number
  /** The new lines themselves. */
  readonly added: readonly string[]
}

export interface FileChange {
  /** As it is called now, relative to where git's paths begin; null: it is gone. */
  readonly file: string | null
  /** As it was called; null: it was not there. */
  readonly oldFile: string | null
  readonly hunks: readonly Hunk[]
}

/** What `git diff` is to be called with, so that `parseDiff` can read it whatever a person has configured. */
export const DIFF_WORDS = [
  ...['-c', 'core.quotePath=false', 'diff', '--unified=0', '--no-color', '--no-ext-diff', '--no-textconv', '--no-relative'],
  ...['--src-prefix=a/', '--dst-prefix=b/', '--find-renames', '--inter-hunk-context=0', '--diff-algorithm=histogram'],
] as const

/** Reads `git diff --unified=0`. Names that git quotes (with control characters, quotes) are passed over: no source has such. */
export function parseDiff(text: string): readonly FileChange[] {
  const changes: FileChange[] = []
  let current: { file: string | null; oldFile: string | null; hunks: Hunk[] } | null = null
  let hunk: { added: string[]; newLeft: number; oldLeft: number } | null = null
  for (const line of text.split('\n')) {
    if (hunk !== null && (hunk.newLeft > 0 || hunk.oldLeft > 0)) {
      if (line.startsWith('+')) {
        hunk.added.push(line.slice(1).replace(/\r$/, ''))
        hunk.newLeft -= 1
        continue
      }
      if (line.startsWith('-')) {
        hunk.oldLeft -= 1
        continue
      }
      if (line.startsWith('\\')) continue
    }
    const header = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(line)
    if (line.startsWith('diff --git ')) {
      current = { file: null, oldFile: null, hunks: [] }
      changes.push(current)
      hunk = null
    } else if (current === null) continue
    else if (header !== null) {
      const [, oldStart, oldCount = '1', newStart, newCount = '1'] = header
      hunk = { added: [], newLeft: Number(newCount), oldLeft: Number(oldCount) }
      current.hunks.push({ oldStart: Number(oldStart), oldCount: Number(oldCount), newStart: Number(newStart), added: hunk.added })
    } else if (line.startsWith('--- a/')) current.oldFile = withoutTab(line.slice(6))
    else if (line.startsWith('+++ b/')) current.file = withoutTab(line.slice(6))
  }
  return changes.filter(({ file, oldFile }) => file !== null || oldFile !== null)
}

/** Git ends a name with a tab where it has a blank. */
function withoutTab(name: string): string {
  return name.replace(/\t$/, '')
}

/** The lines a change adds or alters, as they are numbered now. */
export function newLines({ hunks }: FileChange): readonly number[] {
  return hunks.flatMap(({ newStart, added }) => added.map((_, index) => newStart + index))
}
