import type { Exec, Files } from '../../ports/index.js'

/** A Python that drgn is installed for, or what to do about there being none. */
export type Drgn = { readonly kind: 'found'; readonly python: string } | { readonly kind: 'missing'; readonly hint: string }

/** The first that can be given an open file (`Module.try_file`). */
const LEAST_DRGN = '0.0.31'
const PROBE = 'import drgn; drgn.Module.try_file'

const HINT =
  `install drgn (at least ${LEAST_DRGN}) and the failure is explained from the guest's memory: \`pip install drgn\`, ` +
  '`apt-get install python3-drgn` (Debian 14, Ubuntu 26.04 and newer), or `python3.withPackages (p: [ p.drgn ])` of nixpkgs'

/**
 * The Python of the `drgn` on PATH (pip's in a virtual environment has its own), else any `python3` that can load it.
 */
export async function findDrgn({
  exec,
  files,
}: {
  readonly exec: Pick<Exec, 'run' | 'which'>
  readonly files: Pick<Files, 'readBytes'>
}): Promise<Drgn> {
  const program = await exec.which('drgn')
  const candidates = [program === null ? null : await interpreterOf(program, files), await exec.which('python3')]
  for (const python of new Set(candidates)) {
    if (python === null) continue
    const tried = await exec.run([python, '-c', PROBE], { env: EXPLAIN_ENVIRONMENT, timeoutSeconds: 30 }).catch(() => null)
    if (tried?.code === 0) return { kind: 'found', python }
  }
  return { kind: 'missing', hint: HINT }
}

/** Nothing of ours: no token, no path but the system's. One thread, so that no second one has to be made. */
export const EXPLAIN_ENVIRONMENT = {
  LC_ALL: 'C.UTF-8',
  PATH: '/usr/bin:/bin',
  PYTHONDONTWRITEBYTECODE: '1',
  OMP_NUM_THREADS: '1',
} as const

/** The Python a script names in its first line; null where that is no Python. */
async function interpreterOf(script: string, files: Pick<Files, 'readBytes'>): Promise<string | null> {
  const start = await files.readBytes(script, { offset: 0, length: 512 }).catch(() => null)
  if (start === null) return null
  const found = /^#!\s*(\/\S*\/python[\d.]*)\s/.exec(new TextDecoder('latin1').decode(start))
  return found?.[1] ?? null
}
