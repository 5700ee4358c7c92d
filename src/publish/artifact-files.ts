import { join } from 'node:path'
import type { Files } from '../ports/index.js'

/** What goes into the artifact, and what was left out and why. */
export interface ArtifactSelection {
  readonly files: readonly string[]
  readonly sizeBytes: number
  readonly notes: readonly string[]
}

export interface ArtifactLimits {
  readonly maxFiles: number
  readonly maxBytes: number
}

/** Far above an honest run, far below what hurts a runner. */
export const ARTIFACT_LIMITS: ArtifactLimits = { maxFiles: 50_000, maxBytes: 2 * 1024 ** 3 }

/** The artifact service refuses these in paths (actions/toolkit, path-and-artifact-name-validation.ts). */
const ILLEGAL = /[":<>|*?\r\n\\]/

/**
 * Every regular file below the run's directory. Links, devices and sockets are never followed or uploaded;
 * the guests' disks and memory images are not results.
 */
export async function selectArtifactFiles(
  files: Pick<Files, 'list' | 'stat'>,
  directory: string,
  limits: ArtifactLimits = ARTIFACT_LIMITS,
): Promise<ArtifactSelection> {
  const chosen: string[] = []
  const left = { special: 0, illegal: 0, tooMany: 0 }
  let sizeBytes = 0
  const visit = async (path: string): Promise<void> => {
    for (const name of await files.list(path)) {
      const child = join(path, name)
      const entry = await files.stat(child)
      if (entry === null) continue
      if (entry.kind === 'directory') {
        if (!name.startsWith(DISKS)) await visit(child)
      } else if (entry.kind !== 'file') left.special++
      else if (ILLEGAL.test(child.slice(directory.length))) left.illegal++
      else if (chosen.length >= limits.maxFiles || sizeBytes + entry.sizeBytes > limits.maxBytes) left.tooMany++
      else {
        chosen.push(child)
        sizeBytes += entry.sizeBytes
      }
    }
  }
  await visit(directory)
  const notes = [
    left.special > 0 && `${left.special} links or special files were left out of the artifact.`,
    left.illegal > 0 && `${left.illegal} files with names that artifacts cannot hold were left out.`,
    left.tooMany > 0 &&
      `${left.tooMany} files above the artifact's limit (${limits.maxFiles} files, ${limits.maxBytes} bytes) were left out.`,
  ].filter((note) => note !== false)
  return { files: chosen, sizeBytes, notes }
}

/** Directories the engine makes for the guests' disks (src/pipeline/run-guests.ts). */
const DISKS = 'vmtest-disks-'
