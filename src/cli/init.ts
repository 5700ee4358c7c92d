import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { ENVRC_TEMPLATE, FLAKE_TEMPLATE } from './flake-template.js'

const WRITTEN: readonly (readonly [name: string, contents: string])[] = [
  ['flake.nix', FLAKE_TEMPLATE],
  ['.envrc', ENVRC_TEMPLATE],
]

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
 * Writes flake.nix and .envrc into a kernel tree. A file that is there stays as it is; running again is harmless.
 * @returns lines for the user: what was written, what was kept, and how to keep git quiet about it
 * @throws UserError where the directory does not exist
 */
export async function initTree(directory: string, ports: Pick<Ports, 'files'>): Promise<readonly string[]> {
  const { files } = ports
  const real = await files.realPath(directory).catch((cause: unknown) => {
    throw new UserError(`There is no directory ${directory}.`, 'Give the kernel tree: `vmtest init DIRECTORY`.', { cause })
  })
  const lines: string[] = []
  for (const [name, contents] of WRITTEN) {
    const path = join(real, name)
    if ((await files.stat(path)) !== null) {
      lines.push(`kept ${path}: it was there`)
    } else {
      await files.write(path, contents)
      lines.push(`wrote ${path}`)
    }
  }
  if ((await files.stat(join(real, 'Kconfig'))) === null) {
    lines.push(`note: ${real} has no Kconfig, so it does not look like a kernel tree`)
  }
  if ((await files.stat(join(real, '.git'))) !== null) lines.push(...gitAdvice())
  lines.push('', 'Then: `direnv allow` (or `nix develop --impure`), and `vmtest`.')
  return lines
}
