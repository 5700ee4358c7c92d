import { lastLine } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

export interface SandboxDecision {
  readonly sandbox: boolean
  /** Why builds are not sandboxed; null where they are. */
  readonly reason: string | null
}

interface SandboxProbe {
  readonly userNamespace: boolean
  /** What comes before the command, where another builds than we: `sudo -n`. */
  readonly prefix?: readonly string[]
}

/**
 * Can builds be sandboxed here? Nix makes mount, PID, network, IPC and UTS namespaces, and where it builds as whoever
 * calls it (no build users, root or not) a user namespace to make them in; the same is tried with unshare. Containers forbid
 * it by seccomp, Ubuntu 24.04 by AppArmor, a chroot always: Nix would then build without a sandbox and not say so.
 */
export async function probeSandbox(options: SandboxProbe, ports: Pick<Ports, 'exec'>): Promise<SandboxDecision> {
  const unshare = await ports.exec.which('unshare')
  if (unshare === null) return { sandbox: false, reason: 'there is no `unshare` to try a sandbox with' }
  const namespaces = ['--mount', '--pid', '--fork', '--net', '--ipc', '--uts']
  const argv = [
    ...(options.prefix ?? []),
    unshare,
    ...(options.userNamespace ? ['--user', '--map-root-user'] : []),
    ...namespaces,
    'mount',
    '-t',
    'proc',
    'proc',
    '/proc',
  ]
  const { code, stderr } = await ports.exec.run(argv, { timeoutSeconds: 30 })
  if (code === 0) return { sandbox: true, reason: null }
  const said = lastLine(stderr)
  const who = 'namespaces cannot be made here (a container, a chroot, or AppArmor)'
  return { sandbox: false, reason: said === '' ? who : `${who}: ${said}` }
}
