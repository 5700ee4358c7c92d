import type { Ports } from '../ports/index.js'
import type { Privilege } from './privilege.js'

/** A home for Nix where its caller has none: variables for every `nix` command, and what a person should know. */
export interface NixHome {
  readonly variables: Readonly<Record<string, string>>
  readonly note: string | null
}

/**
 * Nix takes HOME where its caller owns it, else the home in /etc/passwd, and fails without one it can write: in a container under a
 * foreign user id there is none. It then gets a directory of this run, below RUNNER_TEMP where there is one.
 */
export async function homeForNix({ uid }: Privilege, ports: Pick<Ports, 'exec' | 'files' | 'runner'>): Promise<NixHome> {
  const { env } = ports.runner
  const own = async (path: string | undefined) => path !== undefined && path !== '' && (await isOwn(path, ports))
  if (uid === 0 || (await own(env.HOME)) || (await own(await homeInPasswd(uid, ports)))) return { variables: {}, note: null }
  const HOME = await ports.files.makeTemporary(env.RUNNER_TEMP || env.TMPDIR || '/tmp', 'kernel-vmtest-home-')
  return { variables: { HOME }, note: `User ${uid} has no home directory that can be written: Nix keeps its caches in ${HOME}.` }
}

async function isOwn(path: string, { exec }: Pick<Ports, 'exec'>): Promise<boolean> {
  return (await exec.run(['test', '-d', path, '-a', '-O', path, '-a', '-w', path])).code === 0
}

async function homeInPasswd(uid: number, { files }: Pick<Ports, 'files'>): Promise<string | undefined> {
  const users = (await files.readText('/etc/passwd').catch(() => '')).split('\n').map((line) => line.split(':'))
  return users.find(([, , id]) => id === String(uid))?.[5]
}
