import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

/** The suite as it lies in the checkout. */
export const smokeDirectory = join(import.meta.dirname ?? __dirname, '../../../nix/suites/smoke')

export interface Finished {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the suite's `check`. Nothing of the caller's environment but PATH reaches it. */
export function check(args: readonly string[], environment: Readonly<Record<string, string>>): Finished {
  const { status, stdout, stderr } = spawnSync(join(smokeDirectory, 'check'), args, {
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LOGGER_PROG: 'true', ...environment },
    timeout: 120_000,
  })
  return { code: status, stdout, stderr }
}

/** The names `check -n` lists. */
export function listed(args: readonly string[], fstyp = 'xfs'): readonly string[] {
  return check(['-n', ...args], { FSTYP: fstyp })
    .stdout.split('\n')
    .filter((line) => line !== '')
}
