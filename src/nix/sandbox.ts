import type { Ports } from '../ports/index.js'

export interface SandboxDecision {
  readonly sandbox: boolean
  /** Why builds are not sandboxed; null where they are. */
  readonly reason: string | null
}

/**
 * Can builds be sandboxed here? Nix makes mount, PID, network, IPC and UTS namespaces, and without root a user namespace
 * to make them in; the same is tried with unshare. Containers forbid it by seccomp, Ubuntu 24.04 by AppArmor: Nix would then
 * build without a sandbox and not say so.
 */
export async function probeSandbox(isRoot: boolean, ports: Pick<Ports, 'exec'>): Promise<SandboxDecision> {
  const unshare = await ports.exec.which('unshare')
  if (unshare === null) return { sandbox: false, reason: 'there is no `unshare` to try a sandbox with' }
  const namespaces = ['--mount', '--pid', '--fork', '--net', '--ipc', '--uts']
  const argv = [unshare, ...(isRoot ? [] : ['--user', '--map-root-user']), ...namespaces, 'mount', '-t', 'proc', 'proc', '/proc']
  const { code, stderr } = await ports.exec.run(argv, { timeoutSeconds: 30 })
  if (code === 0) return { sandbox: true, reason: null }
  const said = stderr.trim().split('\n').at(-1) ?? ''
  const who = isRoot ? 'this container forbids namespaces' : 'this user may not make namespaces (AppArmor, or a container)'
  return { sandbox: false, reason: said === '' ? who : `${who}: ${said}` }
}
