import * as z from 'zod'
import type { Ports } from '../../ports/index.js'
import type { Probe } from './probe.js'

/** A negative answer is asked again after a day: a machine that was too busy once must not be slow until it is rebooted. */
export const NEGATIVE_LASTS_HOURS = 24
const ENTRIES_KEPT = 8

/** What a remembered answer is about: when one of these changes, the probe is repeated. */
export interface ProbeIdentity {
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string
  /** First line of `qemu --version`, and its path. */
  readonly qemu: string
  readonly uid: string
  /** Kind and age of /dev/kvm: it is made anew when the module is loaded again. */
  readonly device: string
}

const memorySchema = z.object({
  version: z.literal(1),
  entries: z.array(
    z.object({
      key: z.string(),
      at: z.string(),
      outcome: z.enum(['works', 'never-runs']),
      seconds: z.number(),
      detail: z.string(),
    }),
  ),
})
type Memory = z.infer<typeof memorySchema>

/** Where answers are kept, or null where there is no home. */
export function memoryPath(env: Readonly<Record<string, string | undefined>>): string | null {
  if (env.XDG_CACHE_HOME?.startsWith('/')) return `${env.XDG_CACHE_HOME}/kernel-vmtest/accelerator.json`
  if (env.HOME !== undefined && env.HOME !== '') return `${env.HOME}/.cache/kernel-vmtest/accelerator.json`
  return null
}

/** The answer of an earlier probe of the same machine, QEMU, user and device; null when there is none that still holds. */
export async function recall(ports: Pick<Ports, 'files' | 'clock' | 'runner'>, identity: ProbeIdentity): Promise<Probe | null> {
  const { entries } = await load(ports)
  const entry = entries.find(({ key }) => key === keyOf(identity))
  if (entry === undefined) return null
  const ageHours = (ports.clock.now().getTime() - Date.parse(entry.at)) / 3_600_000
  if (entry.outcome === 'never-runs' && !(ageHours >= 0 && ageHours < NEGATIVE_LASTS_HOURS)) return null
  return { outcome: entry.outcome, seconds: entry.seconds, detail: entry.detail }
}

/** Keeps an answer. Only what takes time to find is kept; a directory that cannot be written costs the memory, not the run. */
export async function remember(ports: Pick<Ports, 'files' | 'clock' | 'runner'>, identity: ProbeIdentity, probe: Probe): Promise<void> {
  const path = memoryPath(ports.runner.env)
  if (path === null || (probe.outcome !== 'works' && probe.outcome !== 'never-runs')) return
  const { entries } = await load(ports)
  const key = keyOf(identity)
  const entry = { key, at: ports.clock.now().toISOString(), outcome: probe.outcome, seconds: probe.seconds, detail: probe.detail }
  const memory: Memory = { version: 1, entries: [entry, ...entries.filter((other) => other.key !== key)].slice(0, ENTRIES_KEPT) }
  try {
    await ports.files.write(path, `${JSON.stringify(memory, null, 2)}\n`)
  } catch (error) {
    ports.runner.debug(`the accelerator's answer is not kept in ${path}: ${String(error)}`)
  }
}

async function load(ports: Pick<Ports, 'files' | 'runner'>): Promise<Memory> {
  const empty: Memory = { version: 1, entries: [] }
  const path = memoryPath(ports.runner.env)
  if (path === null) return empty
  try {
    return memorySchema.parse(JSON.parse(await ports.files.readText(path)))
  } catch {
    // Absent, cut short or of another version: as good as none.
    return empty
  }
}

function keyOf(identity: ProbeIdentity): string {
  return [identity.bootId, identity.qemu, identity.uid, identity.device].join(' | ')
}
