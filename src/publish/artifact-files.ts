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
 * the guests' disks and memory images are not results. What cannot be read is left out: the artifact's client would end over it.
 */
export async function selectArtifactFiles(
  files: Pick<Files, 'list' | 'readBytes' | 'stat'>,
  directory: string,
  limits: ArtifactLimits = ARTIFACT_LIMITS,
): Promise<ArtifactSelection> {
  const chosen: string[] = []
  const left = { special: 0, illegal: 0, tooMany: 0 }
  const unreadable: string[] = []
  let sizeBytes = 0
  const visit = async (path: string): Promise<void> => {
    for (const name of await files.list(path)) {
      const child = join(path, name)
      const entry = await files.stat(child).catch(() => 'unreadable' as const)
      if (entry === 'unreadable') {
        unreadable.push(child)
        continue
      }
      if (entry === null) continue
      if (entry.kind === 'directory') {
        if (!name.startsWith(DISKS)) await visit(child).catch(() => unreadable.push(child))
      } else if (entry.kind !== 'file') left.special++
      else if (ILLEGAL.test(child.slice(directory.length))) left.illegal++
      else if (chosen.length >= limits.maxFiles || sizeBytes + entry.sizeBytes > limits.maxBytes) left.tooMany++
      else if (!(await isReadable(files, child))) unreadable.push(child)
      else {
        chosen.push(child)
        sizeBytes += entry.sizeBytes
      }
    }
  }
  await visit(directory)
  const notes = [
    ...unreadable.slice(0, MOST_NAMED).map((path) => `${path} cannot be read and was left out of the artifact.`),
    unreadable.length > MOST_NAMED && `${unreadable.length - MOST_NAMED} more files cannot be read and were left out of the artifact.`,
    left.special > 0 && `${left.special} links or special files were left out of the artifact.`,
    left.illegal > 0 && `${left.illegal} files with names that artifacts cannot hold were left out.`,
    left.tooMany > 0 &&
      `${left.tooMany} files above the artifact's limit (${limits.maxFiles} files, ${limits.maxBytes} bytes) were left out.`,
  ].filter((note) => note !== false)
  return { files: chosen, sizeBytes, notes }
}

/** Files that cannot be read are named, but not all of a thousand. */
const MOST_NAMED = 10

async function isReadable(files: Pick<Files, 'readBytes'>, path: string): Promise<boolean> {
  try {
    await files.readBytes(path, { offset: 0, length: 1 })
    return true
  } catch {
    return false
  }
}

/** Directories the engine makes for the guests' disks (src/pipeline/run-guests.ts). */
const DISKS = 'vmtest-disks-'
