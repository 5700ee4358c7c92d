import { basename, join } from 'node:path'
import type { Ports } from '../ports/index.js'
import type { NixStore } from './nix-store.js'
import type { Registration } from './registration.js'

type StagePorts = Pick<Ports, 'exec' | 'files'>

/** The archive's name in a layer's directory: part of nothing's identity but this format's. */
export const ARCHIVE = 'store.tar.zst'

/** A window of 128 MiB finds what many kernel objects and libraries have in common (9 % smaller than zstd's default). */
const COMPRESS = 'zstd -T0 -3 --long=27'
const DECOMPRESS = 'zstd -d --long=27'

/** Packs store paths. @returns the archive's size in bytes. @throws Error where tar fails */
export async function pack(paths: readonly Registration[], directory: string, store: NixStore, ports: StagePorts): Promise<number> {
  await ports.files.makeDirectory(directory)
  const archive = join(directory, ARCHIVE)
  const list = join(directory, 'names')
  await ports.files.write(list, byName(paths).join('\0'))
  const result = await ports.exec.run(
    [
      ...['tar', '--create', `--file=${archive}`, `--use-compress-program=${COMPRESS}`, `--directory=${store.directory}`],
      ...['--sort=name', '--numeric-owner', '--owner=0', '--group=0', '--null', `--files-from=${list}`],
    ],
    { timeoutSeconds: 1800 },
  )
  await ports.files.remove(list)
  if (result.code !== 0) {
    await ports.files.remove(archive)
    throw new Error(`tar could not pack the layer: ${lastLine(result.stderr)}`)
  }
  return (await ports.files.stat(archive))?.sizeBytes ?? 0
}

/** Paths with like names beside each other, so that what they share lies within the compressor's window. */
function byName(paths: readonly Registration[]): readonly string[] {
  const HASH = 33
  const names = paths.map(({ path }) => basename(path))
  return names.sort((a, b) => (a.slice(HASH) + a < b.slice(HASH) + b ? -1 : 1))
}

export type Unpacking = { readonly kind: 'unpacked' } | { readonly kind: 'refused'; readonly reason: string }

/**
 * Brings missing paths from an archive into the store: unpacked beside the store's paths, compared with the hashes the index
 * promises, and only then moved into place. What is not promised is thrown away. Nothing is registered here.
 */
export async function unpack(missing: readonly Registration[], directory: string, store: NixStore, ports: StagePorts): Promise<Unpacking> {
  const staging = join(store.directory, `.kernel-vmtest-${basename(directory)}`)
  try {
    await discard(staging, store)
    await succeed(store, ['mkdir', '-p', staging])
    const archive = join(directory, ARCHIVE)
    // Relative names only, links made last: tar does not leave the directory it is given.
    const how = ['--preserve-permissions', '--delay-directory-restore', ...(store.writesAsRoot ? [] : ['--no-same-owner'])]
    await succeed(store, [
      'tar',
      '--extract',
      `--file=${archive}`,
      `--use-compress-program=${DECOMPRESS}`,
      `--directory=${staging}`,
      ...how,
    ])
    const reason = await findDifference(missing, staging, store, ports)
    if (reason !== null) return { kind: 'refused', reason }
    await moveIntoPlace(missing, staging, store)
    return { kind: 'unpacked' }
  } catch (error) {
    return { kind: 'refused', reason: error instanceof Error ? error.message : String(error) }
  } finally {
    await discard(staging, store)
  }
}

async function findDifference(missing: readonly Registration[], staging: string, store: NixStore, { files }: StagePorts) {
  const present = new Set(await files.list(staging))
  const absent = missing.find(({ path }) => !present.has(basename(path)))
  if (absent !== undefined) return `${basename(absent.path)} is not in the archive`
  const hashes = await store.narHashes(missing.map(({ path, narSize }) => ({ at: join(staging, basename(path)), narSize })))
  if (hashes === null) return 'what was unpacked cannot be read'
  const wrong = missing.find(({ narHash }, index) => hashes[index] !== narHash)
  return wrong === undefined ? null : `${basename(wrong.path)} is not what was saved (its hash differs)`
}

async function moveIntoPlace(missing: readonly Registration[], staging: string, store: NixStore): Promise<void> {
  for (let at = 0; at < missing.length; at += 1000) {
    const some = missing.slice(at, at + 1000)
    const staged = some.map(({ path }) => join(staging, basename(path)))
    // Leftovers of an interrupted build or restore: the database does not know them.
    await discardAll(
      some.map(({ path }) => path),
      store,
    )
    // Moving a directory writes its `..`: without root it must be writable for that moment.
    await store.run(['find', ...staged, '-maxdepth', '0', '-type', 'd', '-exec', 'chmod', 'u+w', '{}', '+'])
    await succeed(store, ['mv', '-t', store.directory, '--', ...staged])
    await succeed(store, ['find', ...some.map(({ path }) => path), '-maxdepth', '0', '-type', 'd', '-exec', 'chmod', 'a-w', '{}', '+'])
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
