import type { HostFacts } from '../domain/record.js'
import type { Ports } from '../ports/index.js'

/** What this machine is, for the record. */
export async function readHostFacts({ exec, files }: Pick<Ports, 'exec' | 'files'>): Promise<HostFacts> {
  const [os = '', kernelRelease = '', architecture = ''] = (await exec.run(['uname', '-srm'])).stdout.trim().split(' ')
  const memory = /^MemTotal:\s+(\d+) kB/m.exec(await files.readText('/proc/meminfo'))
  return {
    os,
    kernelRelease,
    architecture,
    cpus: Number((await exec.run(['nproc'])).stdout.trim()) || 1,
    memoryMiB: Math.floor(Number(memory?.[1] ?? 1024) / 1024),
  }
}
