import type { RunRecord } from '../../domain/record.js'

/** The guest's architecture as its QEMU's name has it (`qemu-system-aarch64`); without a guest the host's. */
export function architectureOfRecord({ guests, host }: Pick<RunRecord, 'guests' | 'host'>): string | null {
  const programs = guests.flatMap(({ argv }) => argv.slice(0, 8))
  const named = programs.map((word) => /qemu-system-([a-z0-9_]+)$/.exec(word)?.[1]).find((name) => name !== undefined)
  const architecture = named ?? host.architecture
  return /^[a-z0-9_]+$/.test(architecture) ? architecture : null
}
