import { createHash } from 'node:crypto'
import { basename, join } from 'node:path'
import { lastLine } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import type { NixStore } from './nix-store.js'
import type { Registration } from './registration.js'
import type { Archive } from './store-index.js'

type StagePorts = Pick<Ports, 'exec' | 'files'>

/** Archives of one layer are named by number: part of nothing's identity but this format's. */
const archiveName = (shard: number) => `store-${shard}.tar.zst`

/** A window of 128 MiB finds what many kernel objects and libraries have in common (9 % smaller than zstd's default). */
const COMPRESS = 'zstd -T0 -3 --long=27'
const DECOMPRESS = 'zstd -d --long=27'

/** Creating files keeps one CPU busy and comparing them another: a layer of some size is cut, and its parts go side by side. */
const SHARDS = 4
const SHARD_BYTES = 32 * 1024 * 1024

/**
 * Packs store paths, and holds them against the hashes Nix registered: what was altered since it was built is not handed on.
 * @returns the archives, with all that is needed to know them again
 * @throws Error where tar fails or a path is not what it was
 */
export async function pack(
  paths: readonly Registration[],
  directory: string,
  store: NixStore,
  ports: StagePorts,
): Promise<readonly Archive[]> {
  await ports.files.makeDirectory(directory)
  const altered = findAltered(paths, store)
  altered.catch(() => undefined)
  const archives: Archive[] = []
  for (const [shard, names] of shardsOf(paths).entries()) {
    const name = archiveName(shard)
    const file = join(directory, name)
    const list = join(directory, 'names')
    await ports.files.write(list, names.join('\0'))
    const result = await ports.exec.run(
      [
        ...['tar', '--create', `--file=${file}`, `--use-compress-program=${COMPRESS}`, `--directory=${store.directory}`],
        ...['--sort=name', '--numeric-owner', '--owner=0', '--group=0', '--null', `--files-from=${list}`],
      ],
      { timeoutSeconds: 1800 },
    )
    await ports.files.remove(list)
    if (result.code !== 0) throw new Error(`tar could not pack the layer: ${lastLine(result.stderr).slice(0, 300)}`)
    archives.push({ name, names: [...names], ...(await measured(file, ports)) })
  }
  const path = await altered
  if (path !== null)
    throw new Error(`${basename(path)} is not what Nix registered (its hash differs): \`nix-store --verify --check-contents\``)
  return archives
}

/** @returns a path whose contents are not those registered; null where there is none */
async function findAltered(paths: readonly Registration[], store: NixStore): Promise<string | null> {
  const hashes = await store.narHashes(paths.map(({ path }) => path))
  if (hashes === null) throw new Error('what is to be packed cannot be read')
  return paths.find(({ narHash }, index) => hashes[index] !== narHash)?.path ?? null
}

async function measured(file: string, { files }: Pick<Ports, 'files'>): Promise<Pick<Archive, 'sha256' | 'sizeBytes'>> {
  const hash = createHash('sha256')
  let sizeBytes = 0
  for await (const chunk of files.stream(file)) {
    hash.update(chunk)
    sizeBytes += chunk.length
  }
  return { sha256: hash.digest('hex'), sizeBytes }
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
 * Brings missing paths from a layer's archives into the store. An archive is first compared with the hash the index promises: nothing of
 * another is ever unpacked. It is unpacked beside the store's paths, which are only then moved into place. Nothing is registered here.
 */
export async function unpack(
  missing: readonly Registration[],
  { archives, directory }: { readonly archives: readonly Archive[]; readonly directory: string },
  store: NixStore,
  ports: StagePorts,
): Promise<Unpacking> {
  const staging = join(store.directory, `.kernel-vmtest-${basename(directory)}`)
  const wanted = new Map(missing.map(({ path }) => [basename(path), path]))
  try {
    await discard(staging, store)
    const needed = archives.filter(({ names }) => names.some((name) => wanted.has(name)))
    await Promise.all(
      needed.map((archive) => unpackOne(archive, { file: join(directory, archive.name), into: join(staging, archive.name) }, store, ports)),
    )
    const places = needed.flatMap(({ name, names }) => names.map((one) => [one, join(staging, name, one)] as const))
    const staged = new Map(places.flatMap(([name, place]) => (wanted.has(name) ? [[wanted.get(name) ?? '', place] as const] : [])))
    const absent = missing.find(({ path }) => !staged.has(path))
    if (absent !== undefined) return { kind: 'refused', reason: `${basename(absent.path)} is in none of its archives` }
    await moveIntoPlace(staged, store)
    return { kind: 'unpacked' }
  } catch (error) {
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await discard(staging, store)
  }
}

/** Unpacks one archive. @throws Error where it is not the one that was saved, or tar fails */
async function unpackOne(
  archive: Archive,
  { file, into }: { readonly file: string; readonly into: string },
  store: NixStore,
  ports: StagePorts,
): Promise<void> {
  const { sizeBytes } = (await ports.files.stat(file)) ?? { sizeBytes: 0 }
  if (sizeBytes !== archive.sizeBytes) throw new Error(`${archive.name} has ${sizeBytes} of ${archive.sizeBytes} bytes`)
  const { sha256 } = await measured(file, ports)
  if (sha256 !== archive.sha256) throw new Error(`${archive.name} is not what was saved (its hash differs)`)
  await succeed(store, ['mkdir', '-p', into])
  // Relative names only, links made last: tar does not leave the directory it is given. Whoever writes owns the files.
  const how = ['--preserve-permissions', '--delay-directory-restore', '--no-same-owner']
  await succeed(store, ['tar', '--extract', `--file=${file}`, `--use-compress-program=${DECOMPRESS}`, `--directory=${into}`, ...how])
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
  if (result.code !== 0) throw new Error(`${argv[0] ?? ''}: ${lastLine(result.stderr).slice(0, 300)}`)
}
