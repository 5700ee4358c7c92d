import { createHash } from 'node:crypto'
import type { Fingerprint } from './fingerprint.js'
import type { Registration } from './registration.js'
import { type Archive, INDEX_VERSION, type LayerName } from './store-index.js'

/** Which run writes: a key once reserved is spent, even if the upload broke off, so that every attempt has its own. */
export interface Attempt {
  readonly run: string
  readonly attempt: string
}

export function attemptOf(env: Readonly<Record<string, string | undefined>>): Attempt {
  return { run: env.GITHUB_RUN_ID ?? '0', attempt: env.GITHUB_RUN_ATTEMPT ?? '1' }
}

export interface IndexKeys {
  readonly key: string
  /** An entry whose key begins with this is of exactly this build; null where there is no such thing. */
  readonly exactPrefix: string | null
  /** Newest first within each: the same build, the same recipe with another tree, anything. */
  readonly restoreKeys: readonly string[]
}

export function indexKeys({ system, recipe, exact }: Fingerprint, { run, attempt }: Attempt): IndexKeys {
  const any = `vmtest-index-v${INDEX_VERSION}-${system}-`
  const sameRecipe = `${any}${recipe}-`
  const exactPrefix = exact === null ? null : `${sameRecipe}${exact}-`
  return {
    key: `${exactPrefix ?? `${sameRecipe}none-`}${run}-${attempt}`,
    exactPrefix,
    restoreKeys: [...(exactPrefix === null ? [] : [exactPrefix]), sameRecipe, any],
  }
}

interface KeyedLayer {
  readonly name: LayerName
  readonly paths: readonly Registration[]
  readonly archives: readonly Archive[]
}

/**
 * A layer's key is made of its contents, and of the bytes they were packed into: whoever finds the key taken (a job beside this one) finds
 * the very archives its own index describes.
 */
export function layerKey(system: string, { name, paths, archives }: KeyedLayer, { run, attempt }: Attempt): string {
  const packed = createHash('sha256')
    .update(archives.map(({ sha256 }) => sha256).join('\n'))
    .digest('hex')
  return `vmtest-layer-v${INDEX_VERSION}-${system}-${name}-${contentsOf(paths)}-${packed.slice(0, 12)}-${run}-${attempt}`
}

export function contentsOf(paths: readonly Registration[]): string {
  const lines = paths.map(({ path, narHash }) => `${path} ${narHash}`).sort()
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 24)
}

/** The format of what nix/lib/ccache.sh fills and the note about it. */
const COMPILER_CACHE_VERSION = 1

export interface CompilerKeys {
  readonly key: string
  /** Newest first within each: the same recipe (toolchain and configuration), any. */
  readonly restoreKeys: readonly [string, string]
}

/** The compiler's cache: `entry` the cache itself, `note` what the last run says about it. */
export function compilerKeys(kind: 'entry' | 'note', { system, recipe }: Fingerprint, { run, attempt }: Attempt): CompilerKeys {
  const any = `vmtest-ccache-${kind}-v${COMPILER_CACHE_VERSION}-${system}-`
  const sameRecipe = `${any}${recipe}-`
  return { key: `${sameRecipe}${run}-${attempt}`, restoreKeys: [sameRecipe, any] }
}
