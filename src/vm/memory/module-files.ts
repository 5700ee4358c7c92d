import { dirname, join } from 'node:path'
import type { Exec } from '../../ports/index.js'

/** Each is one open file of the reader. */
const MOST_MODULES = 100

/**
 * Modules with debug information that belong to a vmlinux: beside it in a build's object directory, or where a distribution's debug package
 * puts them (`usr/lib/debug/boot/vmlinux-R`, `usr/lib/debug/lib/modules/R`). Those of file systems and of the block layer: what is tested.
 */
export async function moduleFiles(
  vmlinux: string,
  release: string,
  { exec }: { readonly exec: Pick<Exec, 'run'> },
): Promise<ReadonlyMap<string, string>> {
  const beside = dirname(vmlinux)
  const packaged = join(dirname(beside), 'lib/modules', release, 'kernel')
  const places = [beside, packaged].flatMap((directory) => ['fs', 'drivers/md', 'drivers/block'].map((below) => join(directory, below)))
  const listing = await exec.run(['find', ...places, '-name', '*.ko', '-type', 'f'], { timeoutSeconds: 60 })
  const paths = listing.stdout.split('\n').filter((path) => path !== '')
  // The kernel writes `-` in file names as `_` in module names.
  const named = paths.map((path) => [path.slice(path.lastIndexOf('/') + 1, -'.ko'.length).replaceAll('-', '_'), path] as const)
  return new Map(named.slice(0, MOST_MODULES))
}
