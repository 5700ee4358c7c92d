import type { FileChange, Hunk } from './git-diff.js'

/**
 * A change in the lines of an older tree: what it takes away or stands behind, counted there.
 * @param between what happened from that tree to the one the change is against
 */
export function translateChange(change: FileChange, between: readonly FileChange[]): FileChange {
  const before = between.find(({ file }) => file !== null && file === change.oldFile)
  if (before === undefined) return change
  return { ...change, oldFile: before.oldFile, hunks: change.hunks.map((hunk) => translateHunk(hunk, before.hunks)) }
}

function translateHunk(hunk: Hunk, before: readonly Hunk[]): Hunk {
  const first = oldLine(hunk.oldStart, before, 'first')
  if (hunk.oldCount === 0) return { ...hunk, oldStart: first }
  const last = Math.max(first, oldLine(hunk.oldStart + hunk.oldCount - 1, before, 'last'))
  return { ...hunk, oldStart: first, oldCount: last - first + 1 }
}

/** Where a line of the newer file was: of one that was put in since, the nearest there was. */
function oldLine(line: number, hunks: readonly Hunk[], side: 'first' | 'last'): number {
  let shift = 0
  for (const { oldStart, oldCount, newStart, added } of hunks) {
    // Of lines taken away the new side names the line before them.
    if (added.length === 0 ? newStart >= line : newStart > line) break
    if (line < newStart + added.length) return Math.max(1, side === 'last' && oldCount > 0 ? oldStart + oldCount - 1 : oldStart)
    shift += oldCount - added.length
  }
  return Math.max(1, line + shift)
}
