import { lastLine } from '../../domain/errors.js'
import type { Exec, Files, UnprivilegedUser } from '../../ports/index.js'

/** All that QEMU gets of an environment: whoever breaks out of the guest must find no token there. */
export const QEMU_ENVIRONMENT = { LC_ALL: 'C', PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' } as const

/** Whose rights QEMU runs with. */
export type QemuRights =
  /** Ours. `reason` says why root's rights are kept, and is null where we are not root. */
  { readonly kind: 'own'; readonly reason: string | null } | { readonly kind: 'dropped'; readonly as: UnprivilegedUser }

/**
 * A user that owns nothing: no file, no process, no name. Not `nobody`, whom other programs are too. systemd's table of ids
 * (systemd.io/UIDS-GIDS) leaves 65520 to 65533 unused, and they exist in a container's user namespace of 65536 ids as well.
 */
export const GUEST_USER = 65520
/** The bit of CAP_KILL in a capability set (capability.h). */
const CAP_KILL = 5n

export interface RightsOptions {
  /** Path of the QEMU system emulator. */
  readonly qemu: string
  /** A device QEMU has to open itself; null where it opens none. */
  readonly device: string | null
}

/**
 * Where we are root QEMU becomes another user before it starts: it inherits every file open, so it needs no more than to be
 * executable, and the group of /dev/kvm. Tried before it is relied on.
 */
export async function qemuRights(ports: RightsPorts, options: RightsOptions): Promise<QemuRights> {
  const { exec } = ports
  if ((await exec.run(['id', '-u'])).stdout.trim() !== '0') return { kind: 'own', reason: null }
  const kept = (reason: string): QemuRights => ({ kind: 'own', reason })
  if ((await exec.which('setpriv')) === null) return kept('setpriv of util-linux is not there')
  if (!(await mayKillOthers(ports.files))) return kept('root may not signal other users here (no CAP_KILL), so a guest could not be ended')
  const as: UnprivilegedUser = { uid: GUEST_USER, gid: GUEST_USER, groups: await deviceGroups(ports) }
  const tried = await exec.run([options.qemu, '--version'], { as, env: QEMU_ENVIRONMENT, timeoutSeconds: 30 })
  if (tried.code !== 0) {
    return kept(`${options.qemu} does not start as uid ${as.uid}: ${lastLine(tried.stderr) || `status ${tried.code}`}`)
  }
  const { device } = options
  if (device !== null && !(await opens(ports, device, as)) && (await ports.files.canReadWrite(device))) {
    return kept(`${device} opens to root only`)
  }
  return { kind: 'dropped', as }
}

type RightsPorts = { readonly exec: Pick<Exec, 'run' | 'which'>; readonly files: Pick<Files, 'readText' | 'stat' | 'canReadWrite'> }

/** Whether a device can be opened for reading and writing by a user (null: by us). */
export async function opens(ports: Pick<RightsPorts, 'exec' | 'files'>, device: string, as: UnprivilegedUser | null): Promise<boolean> {
  if (as === null) return ports.files.canReadWrite(device)
  return (await ports.exec.run(['test', '-r', device, '-a', '-w', device], { as, env: QEMU_ENVIRONMENT, timeoutSeconds: 10 })).code === 0
}

/** The user, where rights are dropped. */
export function userOf(rights: QemuRights): UnprivilegedUser | null {
  return rights.kind === 'dropped' ? rights.as : null
}

/** For the log; null where there is nothing to say. */
export function describeRights(rights: QemuRights): string | null {
  if (rights.kind === 'dropped') return `QEMU runs as uid ${rights.as.uid}, without capabilities`
  return rights.reason === null ? null : `QEMU runs with root's rights: ${rights.reason}`
}

export const KVM_DEVICE = '/dev/kvm'

/** The group of /dev/kvm, unless that is root's. */
async function deviceGroups({ exec, files }: RightsPorts): Promise<readonly number[]> {
  if ((await files.stat(KVM_DEVICE)) === null) return []
  const group = Number((await exec.run(['stat', '-c', '%g', KVM_DEVICE])).stdout.trim())
  return Number.isInteger(group) && group > 0 ? [group] : []
}

async function mayKillOthers(files: RightsPorts['files']): Promise<boolean> {
  const status = await files.readText('/proc/self/status').catch(() => '')
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1]
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_KILL) & 1n) === 1n
}
