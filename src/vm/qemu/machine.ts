import type { Accelerator } from '../../domain/accelerator.js'
import type { Architecture } from '../../domain/bundle.js'

/** What differs between architectures: one row a machine. */
export interface Machine {
  readonly program: string
  /** `-machine` with what a test guest never uses switched off. */
  readonly type: string
  /** The kernel's name of the first serial port. */
  readonly console: string
  /** Makes the kernel speak before it has found its console: an early death then says something. */
  readonly earlyConsole: string
  readonly cpu: Readonly<Record<Accelerator, string>>
  /** `-cpu` with the measured emulation settings, where they are known. */
  readonly tunedCpu: string | null
  /** Architecture's own kernel command-line words. */
  readonly kernelArguments: readonly string[]
  /** False where nobody has booted this row yet: said in the log. */
  readonly proven: boolean
}

export const MACHINES: Readonly<Record<Architecture, Machine>> = {
  x86_64: {
    program: 'qemu-system-x86_64',
    type: 'q35,usb=off,vmport=off,smbus=off,sata=off',
    console: 'ttyS0',
    earlyConsole: 'uart8250,io,0x3f8',
    cpu: { kvm: 'host', tcg: 'max' },
    // Without erms and fsrm string copies are not emulated byte by byte; without la57 page tables have four levels.
    tunedCpu: 'max,-erms,-fsrm,-la57',
    kernelArguments: [],
    proven: true,
  },
  aarch64: {
    program: 'qemu-system-aarch64',
    type: 'virt,gic-version=max',
    console: 'ttyAMA0',
    earlyConsole: 'pl011,0x9000000',
    cpu: { kvm: 'host', tcg: 'max' },
    // Pointer authentication by QEMU's own hash in place of the architecture's: a third of the processor time. Newer QEMU has it by default.
    tunedCpu: 'max,pauth-impdef=on',
    kernelArguments: [],
    proven: true,
  },
}

/**
 * Kernel settings worth their deviation under emulation, and only there: without address randomisation each new process runs
 * at addresses whose translations QEMU has kept (3 to 5 times cheaper process starts); mitigations cost and protect nothing.
 */
export const EMULATION_KERNEL_ARGUMENTS: readonly string[] = ['norandmaps', 'mitigations=off']
