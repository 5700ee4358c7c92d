import type { Ports } from '../ports/index.js'

/** Who we are, and what we may do. */
export interface Privilege {
  readonly uid: number
  readonly gid: number
  /** What comes before a command that needs root: nothing as root, `sudo -n` where it asks no password, null without. */
  readonly rootPrefix: readonly string[] | null
}

export async function readPrivilege(ports: Pick<Ports, 'exec'>): Promise<Privilege> {
  const number = async (flag: string) => Number((await ports.exec.run(['id', flag])).stdout.trim())
  const uid = await number('-u')
  const gid = await number('-g')
  if (uid === 0) return { uid, gid, rootPrefix: [] }
  const sudo = await ports.exec.which('sudo')
  const asked = sudo === null ? null : await ports.exec.run([sudo, '-n', 'true'], { timeoutSeconds: 20 })
  return { uid, gid, rootPrefix: sudo !== null && asked?.code === 0 ? [sudo, '-n'] : null }
}
