import type { Accelerator } from '../../domain/accelerator.js'
import { UserError } from '../../domain/errors.js'
import type { Section } from '../../domain/section.js'
import type { SuiteNeeds } from '../../suites/suite.js'
import type { GuestShape } from '../scheduler/options.js'
import type { DiskPlace, MachineRoom } from './machine.js'

export interface ResourceRequest {
  readonly vms: number | 'auto'
  readonly memoryMiB: number | 'auto'
  readonly cpusPerVm: number | 'auto'
  readonly accelerator: Accelerator
  readonly sections: readonly { readonly section: Section; readonly needs: SuiteNeeds }[]
  readonly testCount: number
  /** The debug kernel's factor; KASAN and the like take memory too. */
  readonly debugFactor: number
  /** The memory of a guest may have to be written down. */
  readonly dumps: boolean
}

/** `diskDirectory` of the shape is the place's path: the caller makes its own directory below it. */
export interface ResourcePlan extends GuestShape {
  /** One sentence with the numbers. */
  readonly reason: string
}

/** QEMU's own memory beside the guest's: TCG keeps translated code. */
const QEMU_MIB: Readonly<Record<Accelerator, number>> = { kvm: 128, tcg: 512 }
/** Left to the host. */
const HOST_MIB = 768
/** KASAN keeps a shadow of an eighth and quarantines freed memory. */
const DEBUG_MEMORY = 1.5

/** Console logs and results of a run. */
const RESULTS_MIB = 512

/**
 * How many guests of what size, and where their disks go. What the user set is kept; `auto` is made to fit.
 * @throws UserError (`could-not-test`) with the numbers when memory or disk are short for what was asked, or for one guest
 */
export function planResources(request: ResourceRequest, machine: MachineRoom): ResourcePlan {
  const memoryMiB = request.memoryMiB === 'auto' ? guestMemory(request, machine) : request.memoryMiB
  const wanted = request.vms === 'auto' ? idealGuests(request, machine.cpus) : request.vms
  const byMemory = Math.floor((machine.availableMemoryMiB - HOST_MIB) / (memoryMiB + QEMU_MIB[request.accelerator]))
  const least = request.vms === 'auto' ? 1 : request.vms
  if (byMemory < least) throw memoryShort(least, memoryMiB, request, machine)
  const perGuestMiB = diskNeed(request.sections) + (request.dumps ? memoryMiB : 0)
  const place = choosePlace(machine.places, Math.min(wanted, byMemory) * perGuestMiB + RESULTS_MIB)
  const byDisk = place === null ? 0 : Math.floor((usable(place, machine, memoryMiB) - RESULTS_MIB) / Math.max(1, perGuestMiB))
  if (place === null || byDisk < least) throw diskShort(least, perGuestMiB, machine.places)
  const vms = Math.min(wanted, byMemory, byDisk)
  const cpusPerVm = request.cpusPerVm === 'auto' ? autoCpus(request.accelerator, machine.cpus, vms) : request.cpusPerVm
  return {
    vms,
    memoryMiB,
    cpusPerVm,
    diskDirectory: place.path,
    reason: explain({ vms, wanted, memoryMiB, cpusPerVm, perGuestMiB, place }, machine),
  }
}

/** Enough by default, less on a small machine, never less than the suite can live with. */
function guestMemory({ sections, debugFactor, accelerator }: ResourceRequest, machine: MachineRoom): number {
  const debug = debugFactor >= 2 ? DEBUG_MEMORY : 1
  const room = machine.availableMemoryMiB - HOST_MIB - QEMU_MIB[accelerator]
  const most = (of: 'usual' | 'least') => Math.max(0, ...sections.map(({ needs }) => needs.memoryMiB[of]))
  return Math.max(most('least') * debug, Math.min(most('usual') * debug, room))
}

/**
 * Under emulation one processor a guest and a guest a processor: a second one costs more in locks and flushes than it gives (process
 * starts took 1.4 to 2 times as long). Under KVM two processors a guest: tests of parallel behaviour need more than one.
 */
function idealGuests(request: ResourceRequest, cpus: number): number {
  const perGuest = request.cpusPerVm === 'auto' ? (request.accelerator === 'tcg' ? 1 : 2) : request.cpusPerVm
  // A guest costs a boot: two tests are the least worth one.
  return Math.max(1, Math.min(Math.floor(cpus / perGuest), Math.ceil(request.testCount / 2)))
}

function autoCpus(accelerator: Accelerator, cpus: number, vms: number): number {
  return accelerator === 'tcg' ? 1 : Math.max(1, Math.floor(cpus / vms))
}

/** MiB really written on the disks of one guest, in the largest section. */
function diskNeed(sections: ResourceRequest['sections']): number {
  const written = sections.map(({ section: { disks }, needs: { writtenShare, mostWrittenMiB } }) =>
    disks.reduce((sum, { role, sizeMiB }) => sum + Math.min(sizeMiB, mostWrittenMiB) * (writtenShare[role] ?? 1), 0),
  )
  return Math.ceil(Math.max(0, ...written))
}

/** The first real disk with room for everything, else the real disk with most room; memory only where there is nothing else. */
function choosePlace(places: readonly DiskPlace[], needMiB: number): DiskPlace | null {
  const real = places.filter(({ memoryBacked }) => !memoryBacked)
  const among = real.length > 0 ? real : places
  const enough = among.find(({ freeMiB }) => freeMiB >= needMiB)
  return enough ?? among.reduce<DiskPlace | null>((best, each) => (best === null || each.freeMiB > best.freeMiB ? each : best), null)
}

/** A tmpfs takes its room from the memory the guests need. */
function usable(place: DiskPlace, machine: MachineRoom, memoryMiB: number): number {
  return place.memoryBacked ? Math.min(place.freeMiB, machine.availableMemoryMiB - HOST_MIB - memoryMiB) : place.freeMiB
}

function memoryShort(vms: number, memoryMiB: number, request: ResourceRequest, machine: MachineRoom): UserError {
  const need = vms * (memoryMiB + QEMU_MIB[request.accelerator]) + HOST_MIB
  return new UserError(
    `${vms} ${plural(vms)} of ${memoryMiB} MiB need ${need} MiB of memory (with QEMU's own and ${HOST_MIB} MiB for the host), and ${machine.availableMemoryMiB} MiB are available.`,
    'Set fewer `vms`, less `memory`, or use a larger machine.',
    { kind: 'could-not-test' },
  )
}

function diskShort(vms: number, perGuestMiB: number, places: readonly DiskPlace[]): UserError {
  const found = places.map(({ path, freeMiB, memoryBacked }) => `${path} ${freeMiB} MiB${memoryBacked ? ' (memory)' : ''}`).join(', ')
  return new UserError(
    `The disks of ${vms} ${plural(vms)} need about ${vms * perGuestMiB + RESULTS_MIB} MiB, and there are: ${found || 'no writable places'}.`,
    "Free some disk, give another output directory, or make the sections' disks smaller.",
    { kind: 'could-not-test' },
  )
}

function plural(vms: number): string {
  return vms === 1 ? 'VM' : 'VMs'
}

function cpus(number: number): string {
  return number === 1 ? '1 CPU' : `${number} CPUs`
}

function explain(
  plan: { vms: number; wanted: number; memoryMiB: number; cpusPerVm: number; perGuestMiB: number; place: DiskPlace },
  machine: MachineRoom,
): string {
  const { vms, wanted, memoryMiB, cpusPerVm, perGuestMiB, place } = plan
  const fewer = vms < wanted ? ` (of ${wanted}: there is no room for more)` : ''
  const kind = place.memoryBacked ? ', which is memory' : ''
  const own = `${vms} ${plural(vms)}${fewer} with ${memoryMiB} MiB and ${cpus(cpusPerVm)} each, of this machine's ${cpus(machine.cpus)} and ${machine.availableMemoryMiB} MiB`
  if (perGuestMiB === 0) return own
  return `${own}; the disks may grow to ${vms * perGuestMiB} MiB, of ${place.freeMiB} MiB free below ${place.path}${kind}`
}

/** Where disks may go, in order of preference. /tmp comes last: on newer systems it is memory. */
export function diskCandidates(runDirectory: string, env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return [runDirectory, env.RUNNER_TEMP, '/mnt', '/var/tmp', env.TMPDIR, '/tmp'].filter(
    (path): path is string => path?.startsWith('/') === true,
  )
}
