import type { Ports } from '../ports/index.js'
import { type FoundNix, findNix } from './find-nix.js'
import type { Privilege } from './privilege.js'

/** Debian's and Ubuntu's own Nix; null where apt, the package or the right to install it is missing. */
export async function installFromDistribution(privilege: Privilege, ports: Pick<Ports, 'exec' | 'runner'>): Promise<FoundNix | null> {
  if (privilege.rootPrefix === null || (await ports.exec.which('apt-get')) === null) return null
  const apt = [...privilege.rootPrefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', '-o', 'DPkg::Lock::Timeout=300']
  const install = () => ports.exec.run([...apt, 'install', '--yes', '--no-install-recommends', 'nix-bin'], { timeoutSeconds: 900 })
  let result = await install()
  if (result.code !== 0) {
    await ports.exec.run([...apt, 'update'], { timeoutSeconds: 600 })
    result = await install()
  }
  return result.code === 0 ? findNix(ports) : null
}
