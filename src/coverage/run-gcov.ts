import { join } from 'node:path'
import { lastLine } from '../domain/errors.js'
import type { Ports, UnprivilegedUser } from '../ports/index.js'

/** Of one call: it takes a fifth of a second for a hundred objects. */
const CPU_SECONDS = 60
const WALL_SECONDS = 180
const ADDRESS_BYTES = 2 * 1024 ** 3
/** gcov prints about 8 MB for the hundred objects of XFS. */
const OUTPUT_BYTES = 200 * 1024 * 1024
/** Objects given to one call. */
const OBJECTS = 400
/** Nothing of ours: no token, no path but the system's. */
const ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/local/bin:/usr/bin:/bin' } as const

/** gcov, and all that holds it in. */
export interface Gcov {
  /** Its path. */
  readonly program: string
  /** For people: `gcov (Debian 12.2.0-14) 12.2.0`. */
  readonly version: string
  /** Programs before it: limits, and no network. */
  readonly prefix: readonly string[]
  /** Null: with our own rights, where we are no superuser. */
  readonly as: UnprivilegedUser | null
}

/**
 * Finds gcov and how far it can be shut in. What it reads is the pull request's, notes and counters alike: it gets another user's rights
 * where we are root, no environment, no network where the machine lets us take it away, and limits of time, memory and output.
 * @param user who it becomes, where we are root
 * @returns null where there is no such program
 */
export async function findGcov(name: string, user: UnprivilegedUser, { exec }: Pick<Ports, 'exec'>): Promise<Gcov | null> {
  const program = await exec.which(name)
  if (program === null) return null
  const isRoot = (await exec.run(['id', '-u'])).stdout.trim() === '0'
  const as = isRoot && (await exec.which('setpriv')) !== null ? user : null
  const [prlimit, unshare] = [await exec.which('prlimit'), await exec.which('unshare')]
  const limits =
    prlimit === null ? [] : [prlimit, `--cpu=${CPU_SECONDS}`, `--as=${ADDRESS_BYTES}`, '--fsize=0', '--core=0', '--nofile=256', '--']
  const apart = unshare === null ? [] : [unshare, '--user', '--net', '--']
  const options = { env: ENVIRONMENT, cwd: '/', timeoutSeconds: 30, ...(as === null ? {} : { as }) }
  for (const prefix of [[...apart, ...limits], limits]) {
    const shown = await exec.run([...prefix, program, '--version'], options).catch(() => null)
    if (shown?.code === 0) return { program, version: (shown.stdout.split('\n')[0] ?? '').slice(0, 200), prefix, as }
  }
  return null
}

/** What it printed, or why nothing of it is used. */
export type GcovOutcome =
  | { readonly kind: 'read'; readonly outputs: readonly string[] }
  | { readonly kind: 'failed'; readonly reason: string }

/**
 * Lets gcov print, as JSON, what the data of these objects say.
 * @param directory holds notes (and data) at the objects' paths
 * @param objects files of notes or data, relative to it
 */
export async function runGcov(
  gcov: Gcov,
  { directory, objects, signal }: { readonly directory: string; readonly objects: readonly string[]; readonly signal?: AbortSignal },
  { exec }: Pick<Ports, 'exec'>,
): Promise<GcovOutcome> {
  const outputs: string[] = []
  for (let at = 0; at < objects.length; at += OBJECTS) {
    const words = ['--json-format', '--stdout', '--branch-probabilities', '--', ...objects.slice(at, at + OBJECTS)]
    const ended = await exec
      .run([...gcov.prefix, gcov.program, ...words], {
        env: ENVIRONMENT,
        cwd: directory,
        dieWithParent: 'SIGKILL',
        timeoutSeconds: WALL_SECONDS,
        maxBufferBytes: OUTPUT_BYTES,
        ...(gcov.as === null ? {} : { as: gcov.as }),
        ...(signal === undefined ? {} : { signal }),
      })
      .catch((error: unknown) => String(error))
    if (typeof ended === 'string') return { kind: 'failed', reason: ended }
    if (ended.timedOut) return { kind: 'failed', reason: `gcov did not end within ${WALL_SECONDS} s` }
    if (ended.code !== 0) {
      const how = ended.signal === null ? `status ${ended.code}` : ended.signal
      return { kind: 'failed', reason: `gcov ended with ${how}: ${lastLine(ended.stderr).slice(0, 300)}` }
    }
    if (ended.stdout.length >= OUTPUT_BYTES) return { kind: 'failed', reason: 'gcov printed without end' }
    outputs.push(ended.stdout)
  }
  return { kind: 'read', outputs }
}

/** A source as gcov names it, relative to the tree; null for what is not of the tree. */
export function sourceName(source: string, { tree, objects }: { readonly tree: string; readonly objects: string }): string | null {
  const absolute = join(source.startsWith('/') ? '/' : objects, source)
  if (absolute.startsWith(`${objects}/`)) {
    // Newer kernels name sources from the tree's top; what is generated lies in directories of their own.
    const below = absolute.slice(objects.length + 1)
    return source.startsWith('/') || /(?:^|\/)generated\//.test(below) ? null : below
  }
  return absolute.startsWith(`${tree}/`) ? absolute.slice(tree.length + 1) : null
}
