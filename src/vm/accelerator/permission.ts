import type { Cleanup } from '../../domain/stages.js'
import type { Exec, Ports, UnprivilegedUser } from '../../ports/index.js'
import { KVM_DEVICE, opens } from '../qemu/rights.js'

export const UDEV_RULE_PATH = '/etc/udev/rules.d/99-kernel-vmtest-kvm.rules'
const UDEV_RULE = 'KERNEL=="kvm", GROUP="kvm", MODE="0666", OPTIONS+="static_node=kvm"\n'
const OPEN_TO_ALL = 0o666

/** How a change was made, or why none was. */
export type PermissionOutcome =
  | { readonly kind: 'open' }
  | { readonly kind: 'opened'; readonly by: 'udev' | 'chmod' }
  | { readonly kind: 'closed'; readonly reason: string }

export interface PermissionOptions {
  /** `fix` changes the machine where it may (a CI runner); `leave` only looks (a developer's own). */
  readonly permissions: 'fix' | 'leave'
  /** Told before each change, so that a run killed right after it is undone all the same. */
  readonly onCleanup: (cleanup: Cleanup) => Promise<void> | void
}

type PermissionPorts = Pick<Ports, 'exec' | 'files'>

/**
 * Makes /dev/kvm open to whom QEMU runs as (null: to us): nothing when it is already, a udev rule where udev runs, else a
 * changed mode.
 */
export async function openDevice(
  ports: PermissionPorts,
  options: PermissionOptions,
  as: UnprivilegedUser | null,
): Promise<PermissionOutcome> {
  if (await opens(ports, KVM_DEVICE, as)) return { kind: 'open' }
  if (options.permissions === 'leave')
    return { kind: 'closed', reason: 'it has a group, which `sudo usermod -aG kvm "$USER"` and a new login join' }
  const root = await rootPrefix(ports.exec)
  if (root === null) return { kind: 'closed', reason: 'it is not ours to open, and neither root nor a sudo without password is at hand' }
  const before = await ports.files.stat(KVM_DEVICE)
  if (before !== null) await options.onCleanup({ kind: 'mode', path: KVM_DEVICE, mode: before.mode })
  if (await openByUdev(ports, root, { ...options, as })) return { kind: 'opened', by: 'udev' }
  await ports.exec.run([...root, 'chmod', OPEN_TO_ALL.toString(8).padStart(4, '0'), KVM_DEVICE])
  if (await opens(ports, KVM_DEVICE, as)) return { kind: 'opened', by: 'chmod' }
  return { kind: 'closed', reason: 'neither a udev rule nor chmod opened it' }
}

/** The words before a command that needs root: none for root, `sudo -n` where it asks nothing, null where neither. */
export async function rootPrefix(exec: Pick<Exec, 'run' | 'which'>): Promise<readonly string[] | null> {
  if ((await userId(exec)) === '0') return []
  if ((await exec.which('sudo')) === null) return null
  return (await exec.run(['sudo', '-n', 'true'], { timeoutSeconds: 5 })).code === 0 ? ['sudo', '-n'] : null
}

/** Our numeric user id. */
export async function userId(exec: Pick<Exec, 'run'>): Promise<string> {
  return (await exec.run(['id', '-u'])).stdout.trim()
}

async function openByUdev(
  ports: PermissionPorts,
  root: readonly string[],
  options: PermissionOptions & { readonly as: UnprivilegedUser | null },
): Promise<boolean> {
  const udevadm = await ports.exec.which('udevadm')
  // udevd's socket: in a container the program can be there without the daemon.
  if (udevadm === null || (await ports.files.stat('/run/udev/control')) === null) return false
  if ((await ports.files.stat(UDEV_RULE_PATH)) === null) {
    await options.onCleanup({ kind: 'file', path: UDEV_RULE_PATH })
    const written = await ports.exec.run([...root, 'tee', UDEV_RULE_PATH], { input: UDEV_RULE })
    if (written.code !== 0) return false
  }
  await ports.exec.run([...root, udevadm, 'control', '--reload-rules'], { timeoutSeconds: 5 })
  await ports.exec.run([...root, udevadm, 'trigger', '--name-match=kvm'], { timeoutSeconds: 5 })
  // The trigger returns before the rule has been applied.
  await ports.exec.run([...root, udevadm, 'settle', '--timeout=3'], { timeoutSeconds: 5 })
  return opens(ports, KVM_DEVICE, options.as)
}

/**
 * Takes back what `openDevice` changed; the caller runs it in post. A change that cannot be undone is returned as a sentence.
 */
export async function undoPermissions(ports: PermissionPorts, cleanups: readonly Cleanup[]): Promise<readonly string[]> {
  const root = await rootPrefix(ports.exec)
  const failures: string[] = []
  for (const cleanup of [...cleanups].reverse()) {
    const argv = cleanup.kind === 'file' ? ['rm', '-f', cleanup.path] : ['chmod', cleanup.mode.toString(8).padStart(4, '0'), cleanup.path]
    const result = root === null ? null : await ports.exec.run([...root, ...argv], { timeoutSeconds: 5 })
    if (result === null || result.code !== 0)
      failures.push(`\`${argv.join(' ')}\` could not be done: ${result?.stderr.trim() || 'no root'}`)
  }
  return failures
}
