import { join } from 'node:path'
import type { AcceleratorDecision } from '../domain/accelerator.js'
import type { Selection } from '../domain/plan.js'
import type { Built, Progress } from '../domain/stages.js'
import { sectionName } from '../domain/test-key.js'
import type { VmRun } from '../domain/vm-run.js'
import type { Ports } from '../ports/index.js'
import { suiteOf } from '../suites/index.js'
import {
  createStartGuest,
  type DumpBudget,
  debugKernel,
  diskCandidates,
  guestSeconds,
  type MachineRoom,
  planResources,
  type ResourcePlan,
  type ResourceRequest,
  readMachineRoom,
  runTests,
  type StartGuest,
  suiteScale,
  type TestHistory,
} from '../vm/index.js'
import { consoleObservers } from './console-observers.js'
import { chooseMemory, GuestMemories, type MemoryChoice } from './guest-memory.js'
import { untilInterrupted } from './interruption.js'
import { clearLeftDisks, makeDiskDirectory, neighbours } from './leftover-disks.js'
import type { PipelineOptions } from './options.js'
import { GUEST_NOTE_FILE, type GuestNote } from './recover.js'

export interface GuestsOptions extends PipelineOptions {
  readonly built: Built
  readonly accelerator: AcceleratorDecision
  readonly selection: Selection
  /** What earlier runs took, for limits and order. */
  readonly history: TestHistory
  /** Id of the first guest of this call. */
  readonly firstGuest: number
  /** Tests one guest may take; absent: no bound. */
  readonly testsPerGuest?: number
  /** What is left to dump in the whole run. */
  readonly dumpBudget: DumpBudget
}

/** What the machine and the kernel have for guests, once the disks that dead runs left are gone. */
async function lookAround({ built, run, onProgress }: GuestsOptions, candidates: readonly string[], ports: Ports) {
  const config = await kernelConfig(built, ports)
  const { factor } = debugKernel(config)
  const left = await clearLeftDisks([...candidates, ...(await neighbours(run.directory, ports.files))], ports.files)
  for (const message of left) onProgress({ kind: 'stage', stage: 'vm', message })
  const room = await readMachineRoom(ports, candidates)
  return { factor, room, choice: await chooseMemory(run.plan, { built, config }, ports) }
}

/** Boots guests and runs the selection in them. @throws UserError where the machine is too small, before anything boots */
export async function runGuests(options: GuestsOptions, ports: Ports): Promise<VmRun> {
  const { built, accelerator, run, places, selection, onProgress } = options
  const { plan } = run
  const tests = selection.tests.filter(({ expunged }) => expunged === undefined)
  const candidates = diskCandidates(run.directory, ports.runner.env)
  const look = (ending: Ports) => lookAround(options, candidates, ending)
  const { factor, room, choice } = await untilInterrupted(options.signal, ports, look)
  const {
    plan: { reason, ...machine },
    memory,
  } = planWithMemory(
    {
      vms: plan.vms,
      memoryMiB: plan.memoryMiB,
      cpusPerVm: plan.cpusPerVm,
      accelerator: accelerator.accelerator,
      sections: selection.sections.map((section) => ({ section, needs: suiteOf(section.suite).needs(section, []) })),
      testCount: tests.length,
      debugFactor: factor,
    },
    room,
    { choice, isOptional: plan.dumpWhen !== 'always' },
  )
  onProgress({ kind: 'stage', stage: 'vm', message: `${tests.length} ${tests.length === 1 ? 'test' : 'tests'} on ${reason}` })
  const whose = { run: run.directory, keep: plan.keep }
  const diskDirectory = await makeDiskDirectory(machine.diskDirectory, whose, ports.files)
  if (plan.keep) onProgress({ kind: 'stage', stage: 'vm', message: `the guests' disks are kept in ${diskDirectory}` })
  const memories = new GuestMemories(
    {
      choice: memory,
      budget: options.dumpBudget,
      checkout: places.checkout,
      runDirectory: run.directory,
      diskDirectory,
      memoryMiB: machine.memoryMiB,
      keep: plan.dumpArtifact === true,
      signal: options.signal,
      onNote: (message) => onProgress({ kind: 'stage', stage: 'vm', message }),
    },
    ports,
  )
  const createObserver = await untilInterrupted(options.signal, ports, ({ files }) => consoleObservers(built.suites, tests, files))
  const start = createStartGuest(ports, {
    scriptsDirectory: join(places.checkout, 'nix/guest'),
    cacheDirectory: places.cacheDirectory,
    createObserver,
    suites: suiteOf,
    ...(ports.sockets === undefined ? {} : { sockets: ports.sockets }),
    onNote: (message) => onProgress({ kind: 'stage', stage: 'vm', message }),
  })
  const startGuest: StartGuest = async (guestOptions) => {
    const note: GuestNote = {
      id: guestOptions.id,
      suite: guestOptions.section.suite,
      section: guestOptions.section.name,
      startedAt: ports.clock.now().toISOString(),
    }
    await ports.files.write(join(run.directory, 'guests', String(note.id), GUEST_NOTE_FILE), JSON.stringify(note))
    return start({ ...guestOptions, ...memories.guestOptions(note.id) })
  }
  const elapsedSeconds = ports.clock.monotonicSeconds() - run.startedSeconds
  const settings = {
    built,
    suites: suiteOf,
    sections: selection.sections,
    tests,
    accelerator,
    scale: suiteScale(accelerator),
    startGuest,
    clock: ports.clock,
    machine: { ...machine, diskDirectory },
    emulationTuning: plan.emulationTuning && accelerator.accelerator === 'tcg',
    runDirectory: run.directory,
    limits: {
      history: options.history,
      testTimeoutSeconds: plan.testTimeoutSeconds === 'auto' ? null : plan.testTimeoutSeconds,
      debugFactor: factor,
      runSeconds: guestSeconds({ timeoutMinutes: plan.timeoutMinutes, elapsedSeconds }),
    },
    signal: options.signal,
    onProgress: (progress: Progress) => onProgress('section' in progress ? { ...progress, section: sectionName(progress, run) } : progress),
    hostTrouble: () => diskTrouble([run.directory, diskDirectory], ports),
    keep: plan.keep,
    firstGuestId: options.firstGuest,
    ...(options.testsPerGuest === undefined ? {} : { testsPerGuest: options.testsPerGuest }),
  }
  try {
    return await memories.settle(await runTests(settings))
  } finally {
    if (!plan.keep) await ports.files.remove(diskDirectory)
  }
}

/** Resources with room for dumps, where there are to be any. What `auto` has no room for is not done, and costs no guest. */
function planWithMemory(
  request: Omit<ResourceRequest, 'dumps'>,
  room: MachineRoom,
  { choice, isOptional }: { readonly choice: MemoryChoice; readonly isOptional: boolean },
): { readonly plan: ResourcePlan; readonly memory: MemoryChoice } {
  if (!choice.dumps) return { plan: planResources({ ...request, dumps: false }, room), memory: choice }
  if (!isOptional) return { plan: planResources({ ...request, dumps: true }, room), memory: choice }
  const without = planResources({ ...request, dumps: false }, room)
  const place = room.places.find(({ path }) => path === without.diskDirectory)
  try {
    const plan = planResources({ ...request, dumps: true }, room)
    if (plan.vms === without.vms && plan.memoryMiB === without.memoryMiB && place?.memoryBacked === false) return { plan, memory: choice }
  } catch {
    // Without dumps there is room.
  }
  const hint = `there is no room on the disk for it (${without.memoryMiB} MiB a VM)`
  return { plan: without, memory: { dumps: false, reader: null, hint: () => Promise.resolve(hint) } }
}

async function kernelConfig(built: Built, { files }: Ports): Promise<string | null> {
  const { config } = built.bundle.kernel
  return config === undefined ? null : files.readText(config)
}

const FULL_BYTES = 64 * 1024 * 1024

async function diskTrouble(directories: readonly string[], { files }: Ports): Promise<string | null> {
  for (const directory of directories) {
    const free = await files.freeBytes(directory)
    if (free < FULL_BYTES) return `The disk is full: ${Math.floor(free / 1024 ** 2)} MiB are free at ${directory}.`
  }
  return null
}
