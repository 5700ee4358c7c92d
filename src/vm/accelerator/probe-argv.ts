import type { Accelerator } from '../../domain/accelerator.js'
import type { Architecture } from '../../domain/bundle.js'

/** The status QEMU ends with when the probe guest came to its end. */
export const PROBE_EXIT_CODE: Readonly<Record<Architecture, number>> = {
  // isa-debug-exit: (value << 1) | 1
  x86_64: 33,
  aarch64: 0,
}

/** The descriptor on which QEMU inherits the probe's image. */
const IMAGE = 3

/**
 * The command line that boots the probe guest: nothing but a processor, 32 MiB and what the guest speaks through. Its image is
 * the first inherited file.
 * `cpu` is `host` under KVM, `max` under emulation (where only tests go).
 */
export function probeArgv(qemu: string, architecture: Architecture, accelerator: Accelerator): readonly string[] {
  const common = [
    ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot', '-m', '32', '-smp', '1'],
    ...['-cpu', accelerator === 'kvm' ? 'host' : 'max'],
  ]
  if (architecture === 'aarch64') {
    // gic-version=host would need KVM; the probe takes no interrupt, but the machine must be one that KVM can make.
    const machine = accelerator === 'kvm' ? 'virt,accel=kvm,gic-version=host' : 'virt,accel=tcg'
    return [qemu, '-machine', machine, ...common, '-kernel', `/proc/self/fd/${IMAGE}`, '-serial', 'stdio', '-monitor', 'none']
  }
  return [
    qemu,
    ...['-machine', `pc,accel=${accelerator}`],
    ...common,
    ...['-boot', 'order=a,menu=off'],
    ...['-add-fd', `fd=${IMAGE},set=${IMAGE}`],
    ...['-drive', `file=/dev/fdset/${IMAGE},format=raw,if=floppy,readonly=on`],
    ...['-chardev', 'stdio,id=out,signal=off'],
    ...['-device', 'isa-debugcon,iobase=0xe9,chardev=out'],
    ...['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04'],
  ]
}
