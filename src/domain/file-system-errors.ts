import { UserError } from './errors.js'

/** What the file system refuses through no fault of ours, by errno(3) name: what happened, and what to do. */
const CAUSES: Readonly<Record<string, readonly [what: string, nextStep: string]>> = {
  ENOSPC: ['The disk is full', 'Free some space there, or name another place with `--output`.'],
  EDQUOT: ['The disk quota is used up', 'Free some space there, or name another place with `--output`.'],
  EROFS: ['The file system is read-only', 'Name another place with `--output`.'],
  EACCES: ['Permission is denied', 'See that this user may read and write there, or name another place.'],
  EPERM: ['The operation is not permitted', 'See that this user may write there, or name another place.'],
  EIO: ['The disk reports an error', 'See the kernel log of this machine (`dmesg`).'],
}

/** The error a person gets for what the file system refused; null for anything else. */
export function fromFileSystem(error: unknown): UserError | null {
  if (!(error instanceof Error) || error instanceof UserError) return null
  const { code, path } = error as Error & { readonly code?: unknown; readonly path?: unknown }
  const cause = typeof code === 'string' ? CAUSES[code] : undefined
  if (cause === undefined) return null
  const place = typeof path === 'string' ? `: ${path}` : ''
  return new UserError(`${cause[0]}${place}.`, cause[1], { cause: error, kind: 'could-not-test' })
}
