import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { VmBundle } from '../domain/bundle.js'
import type { BuiltSuite } from '../domain/stages.js'
import type { SuiteName } from '../domain/test.js'
import type { Ports } from '../ports/index.js'
import { suiteOf } from '../suites/index.js'
import { loadBundle } from './load-bundle.js'

/** A flake's output, and where what is known of it is kept. */
export interface FlakeOutput {
  readonly flake: string
  readonly attribute: string
  /** Where a relative reference starts. */
  readonly cwd: string
  readonly cacheDirectory: string
}

/** The bundle that a flake gave last time, where it is still there: a guess at what it will give. */
export async function lastBundle(output: FlakeOutput, ports: Pick<Ports, 'files'>): Promise<VmBundle | null> {
  const path = await ports.files.readText(notePath(output)).catch(() => null)
  if (path === null) return null
  return loadBundle(path.trim(), ports).then(
    ({ bundle }) => bundle,
    () => null,
  )
}

/** Notes what a flake gave. */
export async function noteBundle(output: FlakeOutput, path: string, { files }: Pick<Ports, 'files'>): Promise<void> {
  await files.write(notePath(output), `${path}\n`)
}

function notePath({ cwd, flake, attribute, cacheDirectory }: FlakeOutput): string {
  const name = createHash('sha256')
    .update(JSON.stringify([cwd, flake, attribute]))
    .digest('hex')
    .slice(0, 32)
  return join(cacheDirectory, 'last-bundles', name)
}

/** Suites as far as their trees say: which tests there are. No image is made. @throws UserError where a tree is none of the suite's */
export async function readSuites(
  trees: Readonly<Record<SuiteName, string>>,
  { files }: Pick<Ports, 'files'>,
): Promise<readonly BuiltSuite[]> {
  const suites: BuiltSuite[] = []
  for (const [name, source] of Object.entries(trees)) {
    suites.push({ name, guestPath: '', image: null, source, catalogue: await suiteOf(name).enumerate(files, source) })
  }
  return suites
}
