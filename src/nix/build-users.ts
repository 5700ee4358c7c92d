import type { Ports } from '../ports/index.js'

const KVM = '/dev/kvm'
/** The group whose members Nix builds as where it runs as root. */
export const BUILD_GROUP = 'nixbld'

/** Names of the users Nix builds as where it runs as root; empty where the group is missing or has no members. */
export async function buildUsers(ports: Pick<Ports, 'files'>): Promise<readonly string[]> {
  return membersOf(BUILD_GROUP, await groups(ports))
}

/** @returns why builders cannot open /dev/kvm though there is one; null where they can, or there is none to open */
export async function whyNoKvm(users: readonly string[], ports: Pick<Ports, 'exec' | 'files'>): Promise<string | null> {
  if ((await ports.files.stat(KVM)) === null) return null
  if (users.length === 0) return (await ports.files.canReadWrite(KVM)) ? null : 'this user may not open it'
  const said = (await ports.exec.run(['stat', '--format=%a %G', KVM], { timeoutSeconds: 20 })).stdout.trim()
  const [mode = '', group = ''] = said.split(' ')
  if (/[67]$/.test(mode)) return null
  const members = membersOf(group, await groups(ports))
  const outside = users.filter((user) => !members.includes(user))
  return outside.length === 0 ? null : `its mode is ${mode}, and ${outside[0]} is not in its group ${group}`
}

async function groups({ files }: Pick<Ports, 'files'>): Promise<string> {
  return files.readText('/etc/group').catch(() => '')
}

/** /etc/group: `NAME:PASSWORD:ID:MEMBER,MEMBER`. */
function membersOf(name: string, text: string): readonly string[] {
  const line = text.split('\n').find((one) => one.startsWith(`${name}:`))
  return (line?.split(':')[3] ?? '').split(',').filter((member) => member !== '')
}
