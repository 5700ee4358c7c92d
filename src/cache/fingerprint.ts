import { createHash } from 'node:crypto'
import { isAbsolute, join, relative } from 'node:path'
import type { Plan } from '../domain/plan.js'
import type { Ports } from '../ports/index.js'

/** What a build is made of, told without asking Nix. */
export interface Fingerprint {
  /** As Nix names it: `x86_64-linux`. */
  readonly system: string
  /** Of the Nix files, the lock, the kernel options: what a kernel edit leaves alone. */
  readonly recipe: string
  /** Of everything the build is made of; null where there are changes no commit holds. */
  readonly exact: string | null
  /** False where something may enter the build that is not seen here: its paths are worth restoring, but Nix must be asked. */
  readonly trusted: boolean
  /** Why there is no exact fingerprint, or why it is not trusted. */
  readonly reason: string | null
}

export type Fingerprinting =
  | { readonly kind: 'known'; readonly fingerprint: Fingerprint }
  | { readonly kind: 'unknown'; readonly reason: string }

type StagePorts = Pick<Ports, 'exec' | 'files' | 'runner'>

/** The files that say how to build, not what. */
const RECIPE = ['flake.lock', '*.nix', '*.config', '.config']
/** More than this is no small flake, and reading it all would cost more than it tells. */
const MAX_FILES = 5000
const MAX_BYTES = 256 * 1024 * 1024

/**
 * @param flakeDirectory where the flake lies, for a bundle that does not say (the staged flake of `offline`)
 * @param counted directories of its kernel that count
 */
export async function fingerprint(
  plan: Plan,
  flakeDirectory: string | null,
  ports: StagePorts,
  counted: readonly string[] = [],
): Promise<Fingerprinting> {
  const { bundle } = plan
  if (bundle.kind === 'path') return { kind: 'unknown', reason: 'the bundle is given, nothing is built' }
  const base = ports.runner.env.GITHUB_WORKSPACE ?? '.'
  const directory = bundle.kind === 'flake' ? localDirectory(bundle.flake, base) : flakeDirectory
  // `path:` takes what lies in the directory, committed or not.
  const asFiles = bundle.kind === 'offline' || bundle.flake.startsWith('path:')
  if (directory === null) return { kind: 'unknown', reason: 'the flake is not on this machine' }
  const machine = (await ports.exec.run(['uname', '-m'])).stdout.trim()
  // For a kernel tree the guest alone is built: restored for a run without one, it would boot another kernel than asked for.
  // One that counts is another kernel, of another recipe.
  const counts = plan.kernelTree === undefined && counted.length > 0
  const part = plan.kernelTree !== undefined ? '.guest' : counts ? `.counted ${counted.join(' ')}` : ''
  const how = bundle.kind === 'flake' ? [`${bundle.attribute}${part}`, bundle.impure ? 'impure' : 'pure'] : ['vmtest', 'pure']
  const seen = (asFiles ? null : await seenByGit(directory, ports)) ?? (await seenByReading(directory, ports))
  if (seen === null) return { kind: 'unknown', reason: `${directory} is no git repository and too large to read` }
  // An impure evaluation may read the environment and the whole disk.
  const impure = bundle.kind === 'flake' && (bundle.impure || counts) ? 'the evaluation is impure' : null
  return {
    kind: 'known',
    fingerprint: {
      system: `${machine}-linux`,
      recipe: digest([seen.subdirectory, ...how, seen.recipe]),
      exact: seen.dirty === null ? digest([seen.subdirectory, ...how, seen.everything]) : null,
      trusted: seen.dirty === null && impure === null,
      reason: seen.dirty ?? impure,
    },
  }
}

interface Seen {
  readonly subdirectory: string
  readonly recipe: string
  readonly everything: string
  readonly dirty: string | null
}

/** A flake reference's directory, or null where it leads away from this machine. */
export function localDirectory(flake: string, base: string): string | null {
  const reference = flake === '' ? '.' : flake
  const [location = '', query = ''] = (reference.split('#')[0] ?? '').split('?')
  const path = location.replace(/^(?:path:|git\+file:(?:\/\/)?)/, '')
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) return null
  if (!/^[./~]/.test(path)) return null
  const parameters = new URLSearchParams(query)
  // A reference to another revision than the one checked out.
  if (parameters.has('rev') || parameters.has('ref')) return null
  const directory = isAbsolute(path) ? path : join(base, path)
  return join(directory, parameters.get('dir') ?? '')
}

/** Git's tree id survives re-runs, rebases and merge commits, and costs no reading of the tree. */
async function seenByGit(directory: string, { exec }: StagePorts): Promise<Seen | null> {
  const git = async (...args: string[]) => {
    // A workspace of another user (a container) is refused without the exception.
    const result = await exec.run(['git', '-c', 'safe.directory=*', '-C', directory, ...args], { timeoutSeconds: 120 })
    return result.code === 0 ? result.stdout : null
  }
  if ((await exec.which('git')) === null) return null
  const tracked = await git('ls-files', '--error-unmatch', '--', 'flake.nix')
  const tree = await git('rev-parse', 'HEAD^{tree}')
  const prefix = await git('rev-parse', '--show-prefix')
  if (tracked === null || tree === null || prefix === null) return null
  const status = await git('status', '--porcelain', '--untracked-files=no', '--ignore-submodules=none')
  const recipe = await git('ls-files', '--stage', '-z', '--', ...RECIPE.map((pattern) => `:(top,glob)**/${pattern}`))
  if (status === null || recipe === null) return null
  return {
    subdirectory: prefix.trim(),
    recipe,
    everything: tree.trim(),
    dirty: status === '' ? null : 'the working tree has changes that are not committed',
  }
}

/** A small flake outside git: every file's path, kind, mode and contents. */
async function seenByReading(directory: string, { files }: StagePorts): Promise<Seen | null> {
  const found: string[] = []
  let bytes = 0
  const visit = async (path: string): Promise<boolean> => {
    for (const name of await files.list(path)) {
      const entry = join(path, name)
      const stat = await files.stat(entry)
      if (stat === null || stat.kind === 'other') continue
      if (stat.kind === 'directory') {
        if (!(await visit(entry))) return false
        continue
      }
      bytes += stat.sizeBytes
      if (found.length >= MAX_FILES || bytes > MAX_BYTES) return false
      const contents =
        stat.kind === 'symlink' ? await files.realPath(entry).catch(() => 'dangling') : withoutPlaces(name, await files.readBytes(entry))
      const executable = (stat.mode & 0o100) !== 0
      found.push([relative(directory, entry), stat.kind, executable, createHash('sha256').update(contents).digest('hex')].join('\0'))
    }
    return true
  }
  if ((await files.stat(directory))?.kind !== 'directory' || !(await visit(directory))) return null
  const isRecipe = (line: string) => /(?:^|\/)(?:flake\.lock|[^/]*\.nix|[^/]*\.config)\0/.test(line)
  return { subdirectory: '', recipe: found.filter(isRecipe).join('\n'), everything: found.join('\n'), dirty: null }
}

/**
 * Where the files lie that the staged flake of `offline` fetches (host.json: `{ url, sha256 }`): the same ones lie elsewhere on a machine with
 * another home, and Nix knows them by their hashes.
 */
function withoutPlaces(name: string, contents: Uint8Array): Uint8Array | string {
  if (name !== 'host.json') return contents
  try {
    const isPlace = (key: string, value: unknown) => key === 'url' && typeof value === 'string' && value.startsWith('file:')
    return JSON.stringify(JSON.parse(Buffer.from(contents).toString('utf8')), (key, value) => (isPlace(key, value) ? undefined : value))
  } catch {
    return contents
  }
}

function digest(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)
}
