import { join } from 'node:path'

/** Where a person's own flake lies below the kernel tree (`vmtest init`): neither git nor the copy of the tree in the store has it. */
export const OWN_FLAKE = '.vmtest/flake'

/** Its flake reference. Nix reads a URL: what has a meaning in one, or is not allowed there, is written in hexadecimal. */
export function ownFlakeReference(projectDirectory: string): string {
  return `path:${encodeURI(join(projectDirectory, OWN_FLAKE)).replace(/[?#]/g, encodeURIComponent)}`
}
