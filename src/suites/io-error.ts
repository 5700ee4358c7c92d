import type { Provocation } from '../domain/kernel-report.js'

/** What the kernel says of a file system whose device fails or goes away under it: it notices, shuts down, and warns of what it has to give up. */
export const IO_ERROR: Pick<Provocation, 'kinds' | 'title'> = {
  kinds: ['fs-shutdown', 'fs-corruption'],
  title: /shutdown|forced readonly|aborted|internal error|JBD2|BTRFS|EXT4-fs (?:error|corruption)|log mount|XFS corruption/i,
}
