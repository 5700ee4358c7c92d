import type { QmpClient } from '../channels/qmp.js'

/** QEMU stops the guest and writes at the disk's pace. */
const DUMP_SECONDS = 600

/**
 * The guest's memory as an ELF core: the form that every QEMU writes, of every architecture, and that drgn and crash open as it is. QEMU's
 * compressed forms say no architecture in their header (drgn 0.3.0 wants `--architecture` with them) and cannot be read at all where the
 * guest is arm64; zstd makes less of the ELF than they are.
 * @param target QEMU's name for the file
 * @throws Error when QEMU cannot write it
 */
export async function dumpGuestMemory(qmp: Pick<QmpClient, 'command'>, target: string): Promise<void> {
  await qmp.command('dump-guest-memory', { paging: false, protocol: `file:${target}`, format: 'elf' }, DUMP_SECONDS)
}
