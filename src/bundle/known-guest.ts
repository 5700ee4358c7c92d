import { createHash } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import type { Ports } from '../ports/index.js'
import { type GuestBundleRequest, stagedDirectory } from './guest-bundle.js'

type GuestPorts = Pick<Ports, 'files' | 'runner'>

const noteSchema = z.object({ key: z.string(), bundle: z.string().startsWith('/') })

/** What of a flake can never change what its evaluation gives: lines of comment, and where the tree is (a guest has no kernel of it). */
const INDIFFERENT = [/^[ \t]*#[^\n]*$/gm, /\broot\s*=\s*(?:builtins\.toString\s+\.\/\.|"(?:[^"\\]|\\.)*")\s*;/g]
/** What may read more than the flake and its lock: builtins, imports, paths as literals or strings, `<…>`. */
const READS_MORE =
  /\bbuiltins\b|\b(?:import|scopedImport|fetch(?:Git|Tree|Tarball|Mercurial|Closure)|getFlake|readFile|readDir|pathExists|getEnv|current(?:Time|System)|nixPath)\b|["'\s([{=;](?:\.{0,2}|~)\/[\w.]|<[a-zA-Z]/

/** True where evaluating this flake.nix reads it and what its lock pins, and nothing else that a person edits. Conservative: a doubt is false. */
export function isClosedFlake(text: string): boolean {
  // In a string of several lines a line that begins with # is none.
  if (text.includes("''")) return false
  const rest = INDIFFERENT.reduce((left, pattern) => left.replace(pattern, ' '), text)
  return !READS_MORE.test(rest)
}

/**
 * The bundle this flake's guest was when it was last built, where nothing that makes it has changed since: then nothing has to be evaluated, which
 * Nix does anew each time for an impure flake. Null where it must be asked.
 */
export async function knownGuest(request: GuestBundleRequest, ports: GuestPorts): Promise<string | null> {
  const key = await guestKey(request, ports)
  if (key === null) return null
  const text = await ports.files.readText(notePath(request)).catch(() => '')
  const note = noteSchema.safeParse(parsed(text))
  if (!note.success || note.data.key !== key) return null
  return (await ports.files.stat(join(note.data.bundle, 'vmtest.json'))) === null ? null : note.data.bundle
}

/** Notes what the guest was built as. */
export async function noteGuest(request: GuestBundleRequest, bundle: string, ports: GuestPorts): Promise<void> {
  const key = await guestKey(request, ports)
  if (key !== null) await ports.files.write(notePath(request), JSON.stringify({ key, bundle }))
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function notePath(request: GuestBundleRequest): string {
  return join(request.cacheDirectory, 'guests', `${digest([request.cwd, request.flake, request.attribute])}.json`)
}

/** Of everything the guest is made of; null where that is not known without asking Nix. */
async function guestKey(request: GuestBundleRequest, { files, runner }: GuestPorts): Promise<string | null> {
  const { flake, cwd, nix } = request
  const directory = flake === '.' ? cwd : decodeURIComponent(/^path:(\/[^?#]*)$/.exec(flake)?.[1] ?? '')
  if (directory === '') return null
  const text = await files.readText(join(directory, 'flake.nix')).catch(() => null)
  if (text === null || !isClosedFlake(text)) return null
  const lock = await files
    .readText(join(directory, 'flake.lock'))
    // Nix keeps the lock of a flake that has none beside the copy it was given.
    .catch(() => files.readText(join(flake === '.' ? stagedDirectory(request) : directory, 'flake.lock')))
    .catch(() => null)
  if (lock === null) return null
  // nixpkgs, evaluated impurely, asks these too (pkgs/top-level/impure.nix).
  const { env } = runner
  const ofUser = env.HOME === undefined ? [] : ['.config/nixpkgs', '.nixpkgs'].map((name) => join(env.HOME ?? '', name))
  for (const path of ofUser) if ((await files.stat(path)) !== null) return null
  const variables = Object.entries(env).filter(([name]) => name.startsWith('NIXPKGS_') || name === 'NIX_PATH')
  return digest([text, lock, request.attribute, String(request.impure), nix.version, nix.config, JSON.stringify(variables.sort())])
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)
}
