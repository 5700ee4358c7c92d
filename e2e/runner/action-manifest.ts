import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'yaml'

/** The parts of an action.yml the runner acts on. */
export interface ActionManifest {
  readonly directory: string
  readonly name: string
  /** Default by input name, as written; null where there is none. */
  readonly inputs: ReadonlyMap<string, string | null>
  readonly outputs: readonly string[]
  readonly main: string
  readonly post: string | null
  readonly postIf: string
}

interface RawManifest {
  readonly name?: unknown
  readonly inputs?: Record<string, { default?: unknown } | null>
  readonly outputs?: Record<string, unknown>
  readonly runs?: { using?: unknown; main?: unknown; post?: unknown; 'post-if'?: unknown }
}

/** @throws Error for an action that is no JavaScript action */
export async function readActionManifest(directory: string): Promise<ActionManifest> {
  const raw = parse(await readFile(join(directory, 'action.yml'), 'utf8')) as RawManifest
  const { using, main, post } = raw.runs ?? {}
  if (typeof using !== 'string' || !/^node\d+$/.test(using))
    throw new Error(`action.yml: runs.using is ${String(using)}, not a node version`)
  if (typeof main !== 'string') throw new Error('action.yml: runs.main is missing')
  const defaults = Object.entries(raw.inputs ?? {}).map(([name, input]): [string, string | null] => {
    const value = input?.default
    return [name, value === undefined || value === null ? null : String(value)]
  })
  return {
    directory,
    name: String(raw.name ?? ''),
    inputs: new Map(defaults),
    outputs: Object.keys(raw.outputs ?? {}),
    main: join(directory, main),
    post: typeof post === 'string' ? join(directory, post) : null,
    postIf: String(raw.runs?.['post-if'] ?? 'always()'),
  }
}
