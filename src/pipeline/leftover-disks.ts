import { dirname, join } from 'node:path'
import * as z from 'zod'
import type { Ports } from '../ports/index.js'
import { isAlive, parseProcess, thisProcess } from './run-process.js'

/** What directories of guests' disks begin with. */
export const DISKS = 'vmtest-disks-'
const OWNER_FILE = 'owner.json'

const ownerSchema = z.object({ run: z.string(), keep: z.boolean() })

/** A directory for the disks of a run's guests, in which it says whose they are. */
export async function makeDiskDirectory(
  parent: string,
  { run, keep }: { readonly run: string; readonly keep: boolean },
  files: Ports['files'],
): Promise<string> {
  const directory = await files.makeTemporary(parent, DISKS)
  await files.write(join(directory, OWNER_FILE), JSON.stringify({ run, keep, ...(await thisProcess(files)) }))
  return directory
}

/**
 * Disks that earlier runs left in these directories: those of a run that was killed are removed, those that were to be kept are named.
 * Others' are left alone.
 * @returns a sentence each
 */
export async function clearLeftDisks(parents: readonly string[], files: Ports['files']): Promise<readonly string[]> {
  const sentences: string[] = []
  for (const parent of new Set(parents)) {
    const names = await files.list(parent).catch(() => [])
    for (const name of names.filter((each) => each.startsWith(DISKS))) sentences.push(...(await clear(join(parent, name), files)))
  }
  return sentences
}

async function clear(directory: string, files: Ports['files']): Promise<readonly string[]> {
  const text = await files.readText(join(directory, OWNER_FILE)).catch(() => '')
  const process = parseProcess(text)
  // Of an older version, of another user, or not ours.
  if (process === null || (await isAlive(process, files))) return []
  const { run, keep } = ownerSchema.parse(JSON.parse(text))
  if (keep) return [`the disks that \`--keep\` kept of ${run} are in ${directory}; when they are not needed: rm -r ${directory}`]
  try {
    await files.remove(directory)
    return [`${run} was killed and left its disks in ${directory}: they are removed`]
  } catch {
    return [`${run} was killed and left its disks in ${directory}, which cannot be removed by this user`]
  }
}

/** Where earlier runs of this one's neighbours may have left any: their own directories, beside the usual places. */
export async function neighbours(runDirectory: string, files: Ports['files']): Promise<readonly string[]> {
  const runs = dirname(runDirectory)
  return (await files.list(runs).catch(() => [])).map((name) => join(runs, name)).filter((path) => path !== runDirectory)
}
