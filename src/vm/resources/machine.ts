import type { Ports } from '../../ports/index.js'

/** A directory that disks could go to. */
export interface DiskPlace {
  readonly path: string
  readonly freeMiB: number
  /** A tmpfs: what is written there is memory. */
  readonly memoryBacked: boolean
}

/** What this machine has to give, now. */
export interface MachineRoom {
  readonly cpus: number
  readonly availableMemoryMiB: number
  /** Writable places, the preferred first. */
  readonly places: readonly DiskPlace[]
}

const MIB = 1024 * 1024

/**
 * Measures the machine: processors we may use, memory that is free for us (the smaller of MemAvailable and what a control group
 * leaves), and the writable ones of the candidate directories.
 * @param candidates in order of preference; ones that do not exist or cannot be written are left out
 */
export async function readMachineRoom(ports: Pick<Ports, 'exec' | 'files'>, candidates: readonly string[]): Promise<MachineRoom> {
  const { files, exec } = ports
  const mounts = parseMounts(await readOr(files, '/proc/self/mountinfo', ''))
  const places: DiskPlace[] = []
  for (const candidate of candidates) {
    const place = await measure(files, candidate, mounts)
    if (place !== null && !places.some(({ path }) => path === place.path)) places.push(place)
  }
  const group = parseMemoryGroup(
    await readOr(files, '/sys/fs/cgroup/memory.max', 'max'),
    await readOr(files, '/sys/fs/cgroup/memory.current', '0'),
  )
  return {
    cpus: await countCpus(ports, exec),
    availableMemoryMiB: Math.floor(Math.min(parseAvailable(await readOr(files, '/proc/meminfo', '')), group)),
    places,
  }
}

/** nproc honours the affinity mask; a container's quota only shows in its control group. */
async function countCpus({ files }: Pick<Ports, 'files'>, exec: Ports['exec']): Promise<number> {
  const allowed = Number((await exec.run(['nproc'])).stdout.trim()) || 1
  const [quota, period] = (await readOr(files, '/sys/fs/cgroup/cpu.max', 'max 100000')).trim().split(' ').map(Number)
  if (quota === undefined || period === undefined || !(quota / period > 0)) return allowed
  return Math.max(1, Math.min(allowed, Math.round(quota / period)))
}

async function measure(files: Ports['files'], candidate: string, mounts: readonly Mount[]): Promise<DiskPlace | null> {
  if ((await files.stat(candidate)) === null) return null
  try {
    // Writing is the only proof that we may write: /mnt of a hosted runner belongs to root.
    const trial = await files.makeTemporary(candidate, '.vmtest-trial-')
    await files.remove(trial)
    const path = await files.realPath(candidate)
    return { path: candidate, freeMiB: Math.floor((await files.freeBytes(candidate)) / MIB), memoryBacked: isMemory(path, mounts) }
  } catch {
    return null
  }
}

async function readOr(files: Ports['files'], path: string, otherwise: string): Promise<string> {
  try {
    return await files.readText(path)
  } catch {
    return otherwise
  }
}

export interface Mount {
  readonly point: string
  readonly type: string
}

/** /proc/self/mountinfo: the mount point is the fifth field, the type follows the lone dash (proc(5)). */
export function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before, after] = line.split(' - ')
    const point = before?.split(' ')[4]
    const type = after?.split(' ')[0]
    return point === undefined || type === undefined ? [] : [{ point: point.replaceAll('\\040', ' '), type }]
  })
}

/** True where the innermost, last mount over a path is memory. */
export function isMemory(path: string, mounts: readonly Mount[]): boolean {
  const over = mounts.filter(({ point }) => path === point || path.startsWith(point === '/' ? '/' : `${point}/`))
  const deepest = over.reduce<Mount | null>((best, each) => (best === null || each.point.length >= best.point.length ? each : best), null)
  return deepest?.type === 'tmpfs' || deepest?.type === 'ramfs'
}

/** MemAvailable in MiB; what is not known counts as 1 GiB. */
export function parseAvailable(meminfo: string): number {
  const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(meminfo)?.[1]
  return kibibytes === undefined ? 1024 : Number(kibibytes) / 1024
}

/** What a control group (version 2) leaves, in MiB; infinite without a limit. */
export function parseMemoryGroup(max: string, current: string): number {
  const limit = Number(max.trim())
  return Number.isFinite(limit) ? Math.max(0, limit - (Number(current.trim()) || 0)) / MIB : Number.POSITIVE_INFINITY
}
