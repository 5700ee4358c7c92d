import { basename, join } from 'node:path'
import type { Ports } from '../ports/index.js'
import type { NixStore } from './nix-store.js'
import type { Registration } from './registration.js'

type StagePorts = Pick<Ports, 'exec' | 'files'>

/** Archives of one layer are named by number: part of nothing's identity but this format's. */
const archiveName = (shard: number) => `store-${shard}.tar.zst`
const ARCHIVE = /^store-\d+\.tar\.zst$/

/** A window of 128 MiB finds what many kernel objects and libraries have in common (9 % smaller than zstd's default). */
const COMPRESS = 'zstd -T0 -3 --long=27'
const DECOMPRESS = 'zstd -d --long=27'

/** Creating files keeps one CPU busy and comparing them another: a layer of some size is cut, and its parts go side by side. */
const SHARDS = 4
const SHARD_BYTES = 32 * 1024 * 1024

/** Packs store paths. @returns the archives' size in bytes. @throws Error where tar fails */
export async function pack(paths: readonly Registration[], directory: string, store: NixStore, ports: StagePorts): Promise<number> {
  await ports.files.makeDirectory(directory)
  const sizes: number[] = []
  for (const [shard, names] of shardsOf(paths).entries()) {
    const archive = join(directory, archiveName(shard))
    const list = join(directory, 'names')
    await ports.files.write(list, names.join('\0'))
    const result = await ports.exec.run(
      [
        ...['tar', '--create', `--file=${archive}`, `--use-compress-program=${COMPRESS}`, `--directory=${store.directory}`],
        ...['--sort=name', '--numeric-owner', '--owner=0', '--group=0', '--null', `--files-from=${list}`],
      ],
      { timeoutSeconds: 1800 },
    )
    await ports.files.remove(list)
    if (result.code !== 0) throw new Error(`tar could not pack the layer: ${lastLine(result.stderr)}`)
    sizes.push((await ports.files.stat(archive))?.sizeBytes ?? 0)
  }
  return sizes.reduce((sum, size) => sum + size, 0)
}

/**
 * The layer's names in parts of about the same size. Paths with like names are beside each other, so that what they share
 * lies within the compressor's window.
 */
export function shardsOf(paths: readonly Registration[]): readonly (readonly string[])[] {
  const HASH = 33
  const named = paths.map(({ path, narSize }) => ({ name: basename(path), narSize }))
  named.sort((a, b) => (a.name.slice(HASH) + a.name < b.name.slice(HASH) + b.name ? -1 : 1))
  const total = named.reduce((sum, { narSize }) => sum + narSize, 0)
  const count = Math.max(1, Math.min(SHARDS, Math.floor(total / SHARD_BYTES)))
  const shards: string[][] = Array.from({ length: count }, () => [])
  let before = 0
  for (const { name, narSize } of named) {
    // By where its middle lies: one large path does not push its neighbours along.
    const shard = Math.min(count - 1, Math.floor(((before + narSize / 2) / Math.max(1, total)) * count))
    shards[shard]?.push(name)
    before += narSize
  }
  return shards.filter((names) => names.length > 0)
}

export type Unpacking = { readonly kind: 'unpacked' } | { readonly kind: 'refused'; readonly reason: string }

/**
 * Brings missing paths from a layer's archives into the store: unpacked beside the store's paths, compared with the hashes
 * the index promises, and only then moved into place. What is not promised is thrown away. Nothing is registered here.
 */
export async function unpack(missing: readonly Registration[], directory: string, store: NixStore, ports: StagePorts): Promise<Unpacking> {
  const staging = join(store.directory, `.kernel-vmtest-${basename(directory)}`)
  try {
    await discard(staging, store)
    const archives = (await ports.files.list(directory)).filter((name) => ARCHIVE.test(name))
    const parts = await Promise.all(
      archives.map((name) => unpackOne(missing, { archive: join(directory, name), into: join(staging, name) }, store, ports)),
    )
    const staged = new Map(parts.flat())
    const absent = missing.find(({ path }) => !staged.has(path))
    if (absent !== undefined) return { kind: 'refused', reason: `${basename(absent.path)} is not in the archive` }
    await moveIntoPlace(staged, store)
    return { kind: 'unpacked' }
  } catch (error) {
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await discard(staging, store)
  }
}

/** Unpacks one archive. @returns where each missing path it holds lies, all of them compared. @throws Error where one differs */
async function unpackOne(
  missing: readonly Registration[],
  { archive, into }: { readonly archive: string; readonly into: string },
  store: NixStore,
  { files }: StagePorts,
): Promise<readonly (readonly [string, string])[]> {
  await succeed(store, ['mkdir', '-p', into])
  // Relative names only, links made last: tar does not leave the directory it is given.
  const how = ['--preserve-permissions', '--delay-directory-restore', ...(store.writesAsRoot ? [] : ['--no-same-owner'])]
  await succeed(store, ['tar', '--extract', `--file=${archive}`, `--use-compress-program=${DECOMPRESS}`, `--directory=${into}`, ...how])
  const present = new Set(await files.list(into))
  const expected = missing.filter(({ path }) => present.has(basename(path)))
  const hashes = await store.narHashes(expected.map(({ path }) => join(into, basename(path))))
  if (hashes === null) throw new Error('what was unpacked cannot be read')
  const wrong = expected.find(({ narHash }, index) => hashes[index] !== narHash)
  if (wrong !== undefined) throw new Error(`${basename(wrong.path)} is not what was saved (its hash differs)`)
  return expected.map(({ path }) => [path, join(into, basename(path))] as const)
}

/** @param staged where each store path lies now */
async function moveIntoPlace(staged: ReadonlyMap<string, string>, store: NixStore): Promise<void> {
  const all = [...staged]
  for (let at = 0; at < all.length; at += 1000) {
    const some = all.slice(at, at + 1000)
    const [to, from] = [some.map(([path]) => path), some.map(([, place]) => place)]
    // Leftovers of an interrupted build or restore: the database does not know them.
    await discardAll(to, store)
    // Moving a directory writes its `..`: without root it must be writable for that moment.
    await store.run(['find', ...from, '-maxdepth', '0', '-type', 'd', '-exec', 'chmod', 'u+w', '{}', '+'])
    await succeed(store, ['mv', '-t', store.directory, '--', ...from])
    await succeed(store, ['find', ...to, '-maxdepth', '0', '-type', 'd', '-exec', 'chmod', 'a-w', '{}', '+'])
  }
}

/** Removes paths from the store's directory that the database does not know. */
export async function discardAll(paths: readonly string[], store: NixStore): Promise<void> {
  if (paths.length === 0) return
  await store.run(['chmod', '-R', '--silent', 'u+w', ...paths])
  await store.run(['rm', '-rf', ...paths])
}

async function discard(path: string, store: NixStore): Promise<void> {
  await discardAll([path], store)
}

async function succeed(store: NixStore, argv: readonly string[]): Promise<void> {
  const result = await store.run(argv, 1800)
  if (result.code !== 0) throw new Error(`${argv[0] ?? ''}: ${lastLine(result.stderr)}`)
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 300) ?? ''
}
