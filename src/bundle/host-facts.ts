import type { Architecture } from '../domain/bundle.js'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'

/** Distributions whose packages the offline bundle is made of. */
export type Distribution = 'debian' | 'ubuntu'

/** This machine's architecture in our words. @throws UserError for one no guest is made for */
export async function architectureOfMachine({ exec }: Pick<Ports, 'exec'>): Promise<Architecture> {
  const machine = (await exec.run(['uname', '-m'])).stdout.trim()
  if (machine === 'x86_64' || machine === 'aarch64') return machine
  throw new UserError(`This machine is ${machine}; guests are made for x86_64 and aarch64.`, 'Use a machine of one of these kinds.', {
    kind: 'could-not-test',
  })
}

/** From os-release's ID and ID_LIKE; null for another distribution. */
export function distributionOf(osRelease: string): Distribution | null {
  // regexp: a name of ours, at a line’s start
  const value = (name: string) => new RegExp(`^${name}="?([^"\\n]*)"?$`, 'm').exec(osRelease)?.[1] ?? ''
  const names = [value('ID'), ...value('ID_LIKE').split(' ')]
  return names.includes('ubuntu') ? 'ubuntu' : names.includes('debian') ? 'debian' : null
}
