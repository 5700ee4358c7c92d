import { randomBytes } from 'node:crypto'
import { type BigIntStats, constants, createReadStream, lstatSync, type Stats } from 'node:fs'
import * as fs from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { AppendFile, FileMark, FileStat, Files } from '../files.js'
import { openTexts } from './text-store.js'

/** A hash of a large file takes half the processor time of that in Node's 64 KiB pieces. */
const STREAM_BYTES = 1024 * 1024

/** The file system of this machine. */
export function createFiles(): Files {
  return {
    readText: (path) => fs.readFile(path, 'utf8'),
    readBytes,
    stream: (path) => createReadStream(path, { highWaterMark: STREAM_BYTES }),
    write,
    openAppend,
    makeDirectory,
    remove: (path) => fs.rm(path, { recursive: true, force: true }),
    rename: (from, to) => fs.rename(from, to),
    copy: (from, to) => fs.copyFile(from, to, constants.COPYFILE_FICLONE),
    stat,
    // One system call each: thousands of promises would take ten times as long.
    marks: async (paths) => paths.map(markOf),
    list: async (path) => (await fs.readdir(path)).sort(),
    realPath: (path) => fs.realpath(path),
    symlink: (target, path) => fs.symlink(target, path),
    chmod: (path, mode) => fs.chmod(path, mode),
    canReadWrite: (path) =>
      fs.access(path, constants.R_OK | constants.W_OK).then(
        () => true,
        () => false,
      ),
    freeBytes: async (path) => {
      const { bavail, bsize } = await fs.statfs(path)
      return bavail * bsize
    },
    createSparse: async (path, sizeBytes) => {
      await makeDirectory(dirname(path))
      const handle = await fs.open(path, 'w', 0o600)
      try {
        await handle.truncate(sizeBytes)
      } finally {
        await handle.close()
      }
    },
    openTexts: (directory) => openTexts(directory).own(),
    makeTemporary: async (parent, prefix) => {
      await makeDirectory(parent)
      return fs.mkdtemp(join(parent, prefix))
    },
  }
}

/** With those above it. Not by Node's own `recursive`, which never ends below /proc, where what was just looked for cannot be made. */
async function makeDirectory(path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    await makeDirectory(dirname(path))
    await makeOne(path)
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await fs.mkdir(path)
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await fs.stat(path)).isDirectory()) throw error
  }
}

const codeOf = (error: unknown) => (error as NodeJS.ErrnoException).code

async function readBytes(path: string, range?: { offset: number; length: number }): Promise<Uint8Array> {
  if (range === undefined) return fs.readFile(path)
  const handle = await fs.open(path, 'r')
  try {
    const buffer = Buffer.alloc(range.length)
    const { bytesRead } = await handle.read(buffer, 0, range.length, range.offset)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}

/** Readers see the old file or the new one, never half of either. */
async function write(path: string, contents: Uint8Array | string): Promise<void> {
  await makeDirectory(dirname(path))
  const beside = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await fs.writeFile(beside, contents)
    await fs.rename(beside, path)
  } catch (error) {
    await fs.rm(beside, { force: true })
    throw error
  }
}

async function openAppend(path: string): Promise<AppendFile> {
  await makeDirectory(dirname(path))
  const handle = await fs.open(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW, 0o644)
  return {
    append: (bytes) => handle.appendFile(bytes),
    close: () => handle.close(),
  }
}

async function stat(path: string): Promise<FileStat | null> {
  try {
    const entry = await fs.lstat(path)
    return { kind: kindOf(entry), sizeBytes: entry.size, modifiedMs: entry.mtimeMs, mode: entry.mode & 0o7777 }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' || (error as NodeJS.ErrnoException).code === 'ENOTDIR') return null
    throw error
  }
}

/** Null also for what cannot be looked at. */
function markOf(path: string): FileMark | null {
  let entry: BigIntStats | undefined
  try {
    entry = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch {
    return null
  }
  if (entry === undefined) return null
  const { dev, ino, size, mode, uid, gid, mtimeNs, ctimeNs } = entry
  return {
    kind: kindOf(entry),
    modifiedNs: mtimeNs,
    text: [dev, ino, size, mode, uid, gid, mtimeNs, ctimeNs].join('/'),
    changedMs: Number(ctimeNs / 1_000_000n),
  }
}

function kindOf(entry: Stats | BigIntStats): FileStat['kind'] {
  return entry.isFile() ? 'file' : entry.isDirectory() ? 'directory' : entry.isSymbolicLink() ? 'symlink' : 'other'
}
