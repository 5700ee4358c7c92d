import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

/** What is written, of examples/kernel-tree. */
const WRITTEN = ['flake.nix', '.envrc']

/** Where the example says this project comes from. */
const EXAMPLE_REFERENCE = 'github:OWNER/kernel-vmtest'

/** What work in the tree leaves beside its sources. */
const OURS = ['flake.nix', 'flake.lock', '.envrc', '.direnv/', '.vmtest/']

/** Nix sees only what git knows of, and a kernel developer wants neither a commit nor a line in `git status`. */
function gitAdvice(): readonly string[] {
  return [
    '',
    'Nix reads only files git knows of. Tell git of the flake without committing or showing it:',
    '  git add -N -f flake.nix && git update-index --assume-unchanged flake.nix',
    'Keep the rest out of `git status`, in this clone only:',
    `  printf '%s\\n' ${OURS.join(' ')} >> "$(git rev-parse --git-path info/exclude)"`,
  ]
}

/**
 * Where the flake gets this project: where this checkout came from, so that what is written works as it stands; the checkout itself
 * where it came from no place Nix has a short name for. Null for a copy in the Nix store, which knows neither.
 */
async function referenceOf(checkout: string, { exec, files }: Pick<Ports, 'exec' | 'files'>): Promise<string | null> {
  const place = checkout.replace(/\/+$/, '')
  if ((await files.stat(join(checkout, '.git'))) === null) return checkout.startsWith('/nix/store/') ? null : `path:${place}`
  const origin = (await exec.which('git')) === null ? null : await exec.run(['git', '-C', checkout, 'remote', 'get-url', 'origin'])
  const hosted = origin?.code === 0 ? /github\.com[:/]([\w.-]+)\/([\w.-]+?)(?:\.git)?\/?$/.exec(origin.stdout.trim()) : null
  return hosted === null ? `git+file://${place}` : `github:${hosted[1]}/${hosted[2]}`
}

/**
 * Writes flake.nix and .envrc into a kernel tree. A file that is there stays as it is; running again is harmless.
 * @returns lines for the user: what was written, what was kept, and how to keep git quiet about it
 * @throws UserError where the directory does not exist
 */
export async function initTree(directory: string, checkout: string, ports: Pick<Ports, 'exec' | 'files'>): Promise<readonly string[]> {
  const { files } = ports
  const real = await files.realPath(directory).catch((cause: unknown) => {
    throw new UserError(`There is no directory ${directory}.`, 'Give the kernel tree: `vmtest init DIRECTORY`.', { cause })
  })
  const lines: string[] = []
  const reference = await referenceOf(checkout, ports)
  for (const name of WRITTEN) {
    const path = join(real, name)
    if ((await files.stat(path)) !== null) {
      lines.push(`kept ${path}: it was there`)
    } else {
      const example = await files.readText(join(checkout, 'examples/kernel-tree', name))
      await files.write(path, reference === null ? example : example.replaceAll(EXAMPLE_REFERENCE, reference))
      lines.push(`wrote ${path}`)
    }
  }
  if ((await files.stat(join(real, 'Kconfig'))) === null) {
    lines.push(`note: ${real} has no Kconfig, so it does not look like a kernel tree`)
  }
  if ((await files.stat(join(real, '.git'))) !== null) lines.push(...gitAdvice())
  lines.push('', 'Then: `direnv allow` (or `nix develop --impure`), and `vmtest`. The first time Nix fetches nixpkgs.')
  return lines
}
