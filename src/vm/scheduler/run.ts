import { describeError, UserError } from '../../domain/errors.js'
import { describeExit, lastWords } from '../../domain/exit.js'
import type { Section } from '../../domain/section.js'
import type { Built, BuiltSuite } from '../../domain/stages.js'
import type { SectionId, SuiteName } from '../../domain/test.js'
import { sectionKey } from '../../domain/test-key.js'
import type { VmRun } from '../../domain/vm-run.js'
import type { Guest } from '../guest.js'
import { EMULATION_KERNEL_ARGUMENTS, MACHINES } from '../qemu/machine.js'
import { GuestService, type ServedGuest } from './guest-service.js'
import type { RunTestsOptions } from './options.js'
import { RunState } from './run-state.js'

/** The machine is looked at this often: a disk that runs full is found before guests die of it, and their results can still be written. */
const LOOK_SECONDS = 5
/** A guest that is being started when the run stops is waited for this long, so that it can be ended too. */
const LATE_START_SECONDS = 3

/**
 * Runs tests in guests and gives what they left, whatever happened to them: a panic, a hang, a killed QEMU, a deadline and a cancel are
 * values in the result. Every test is handed to one guest, at most once started, and never lost: what is in no batch's timeline was not run.
 * @throws UserError (`usage`) when a test names a section that is not there
 */
export async function runTests(options: RunTestsOptions): Promise<VmRun> {
  const sections = new Map(options.sections.map((section) => [sectionKey(idOf(section)), section]))
  const stray = options.tests.find((test) => !sections.has(sectionKey(test)))
  if (stray !== undefined) {
    throw new UserError(
      `test ${stray.name} is planned in section \`${stray.section}\`, which does not exist.`,
      `Sections: ${options.sections.map(({ name }) => name).join(', ')}.`,
    )
  }
  const run = new RunState(options)
  const over = new AbortController()
  const cancel = () => run.halt('cancelled', 'the run was cancelled')
  options.signal.addEventListener('abort', cancel)
  if (options.signal.aborted) cancel()
  const deadline = options.clock.sleep(options.limits.runSeconds, over.signal).then(() => {
    if (!over.signal.aborted) run.halt('deadline', `the guests' time of ${Math.round(options.limits.runSeconds)} s was over`)
  })
  const watch = watchMachine(run, over.signal)
  try {
    await Promise.all(Array.from({ length: options.machine.vms }, () => runSlot(run, sections)))
  } finally {
    options.signal.removeEventListener('abort', cancel)
    over.abort()
    await Promise.all([deadline, watch])
  }
  return result(run)
}

function result(run: RunState): VmRun {
  const { machine } = run.options
  return {
    guests: [...run.guests].sort((a, b) => a.id - b.id),
    batches: [...run.batches],
    abandonedSections: [...run.abandoned],
    stopped: run.stopped,
    settings: guestSettings(run.options),
    vms: machine.vms,
    memoryMiB: machine.memoryMiB,
    cpusPerVm: machine.cpusPerVm,
  }
}

/** What differs from a kernel and a suite left alone, for the record: it can matter to a result. */
function guestSettings({ accelerator, emulationTuning, built, suites, scale, kernelArguments }: RunTestsOptions): Record<string, string> {
  const settings: Record<string, string> = {}
  const tuned = accelerator.accelerator === 'tcg' && emulationTuning
  const words = [...(tuned ? EMULATION_KERNEL_ARGUMENTS : []), ...(kernelArguments ?? [])]
  if (words.length > 0) settings['kernel arguments'] = words.join(' ')
  const cpu = tuned ? MACHINES[built.bundle.architecture]?.tunedCpu : null
  if (cpu) settings.cpu = cpu
  for (const { name } of built.suites) Object.assign(settings, suites(name).tuning(scale).settings)
  return settings
}

/** One place for a guest: fills it with a fresh one as long as there is work. */
async function runSlot(run: RunState, sections: ReadonlyMap<string, Section>): Promise<void> {
  while (!run.stopSignal.aborted && !run.queue.settled) {
    const section = sections.get(run.nextSection() ?? '')
    // What other guests hold may come back when they die, or be worth taking over when it takes longer than expected.
    if (section === undefined) await changeOrAWhile(run)
    else if (!(await serveSection(run, section))) return
  }
}

async function changeOrAWhile(run: RunState): Promise<void> {
  const over = new AbortController()
  await Promise.race([run.changed(), run.options.clock.sleep(LOOK_SECONDS, over.signal)])
  over.abort()
}

/** False when this place is to stay empty: the machine has no room for another guest. */
async function serveSection(run: RunState, section: Section): Promise<boolean> {
  const id = run.join(sectionKey(idOf(section)))
  try {
    const guest = await startGuest(run, section, id)
    if (guest === null) return true
    if (guest.kind === 'failed') return await startFailed(run, section, guest.reason)
    run.started(id)
    const served = await new GuestService(run, guest.guest, section).serve()
    await judgeEnd(run, section, served)
    return true
  } finally {
    run.leave(id)
  }
}

type Started = { readonly kind: 'started'; readonly guest: Guest } | { readonly kind: 'failed'; readonly reason: string }

/** Null when the run stopped meanwhile. */
async function startGuest(run: RunState, section: Section, id: number): Promise<Started | null> {
  const { options } = run
  const starting = options
    .startGuest({
      id,
      built: options.built,
      suite: suiteBuilt(options.built, section.suite),
      section,
      accelerator: options.accelerator,
      memoryMiB: options.machine.memoryMiB,
      cpus: options.machine.cpusPerVm,
      emulationTuning: options.emulationTuning && options.accelerator.accelerator === 'tcg',
      runDirectory: options.runDirectory,
      diskDirectory: options.machine.diskDirectory,
      keep: options.keep,
      ...(options.kernelArguments === undefined ? {} : { kernelArguments: options.kernelArguments }),
    })
    .then(
      (guest): Started => ({ kind: 'started', guest }),
      (error: unknown): Started => ({ kind: 'failed', reason: startError(error) }),
    )
  const stopped = untilAborted(run.stopSignal)
  const first = await Promise.race([starting, stopped.promise])
  stopped.forget()
  if (first !== null) return first
  await Promise.race([
    starting.then((late) => (late.kind === 'started' ? late.guest.stop({ kind: 'cancelled' }) : undefined)),
    options.clock.sleep(LATE_START_SECONDS),
  ])
  return null
}

function startError(error: unknown): string {
  return error instanceof UserError ? `${error.message} ${error.nextStep}` : describeError(error)
}

function untilAborted(signal: AbortSignal): { promise: Promise<null>; forget: () => void } {
  let forget = () => {}
  const promise = new Promise<null>((resolve) => {
    const end = () => resolve(null)
    if (signal.aborted) end()
    signal.addEventListener('abort', end)
    forget = () => signal.removeEventListener('abort', end)
  })
  return { promise, forget: () => forget() }
}

async function startFailed(run: RunState, section: Section, reason: string): Promise<boolean> {
  await lookForTrouble(run)
  // With another guest alive the machine is merely full: fewer guests do the rest.
  if (run.aliveGuests > 0) {
    run.options.onProgress({ kind: 'stage', stage: 'vm', message: `going on with one guest less: ${reason}` })
    return false
  }
  judgeLife(run, section, { testsStarted: 0, testsEnded: 0, end: reason })
  if (run.guests.length === 0 && run.isAbandoned(idOf(section))) run.halt('infrastructure', reason)
  return true
}

/** A guest is gone: is the machine in trouble, is the section worth another guest? */
async function judgeEnd(run: RunState, section: Section, served: ServedGuest): Promise<void> {
  if (served.exit.kind === 'poweroff' || run.stopped !== null) return
  // A guest that dies of a full disk takes its disks with it: looking afterwards finds room again.
  if (served.exit.kind === 'qemu-died' && served.exit.hostTrouble !== undefined) return run.halt('infrastructure', served.exit.hostTrouble)
  await lookForTrouble(run)
  if (run.stopSignal.aborted) return
  judgeLife(run, section, { ...served, end: `${describeExit(served.exit)}${lastWords(served.exit)}` })
}

async function watchMachine(run: RunState, over: AbortSignal): Promise<void> {
  while (!over.aborted && !run.stopSignal.aborted) {
    await lookForTrouble(run)
    await run.options.clock.sleep(LOOK_SECONDS, over)
  }
}

async function lookForTrouble(run: RunState): Promise<void> {
  // A look that fails (a directory not made yet) has found nothing.
  const trouble = await run.options.hostTrouble().catch(() => null)
  if (trouble !== null) run.halt('infrastructure', trouble)
}

function judgeLife(run: RunState, section: Section, life: { testsStarted: number; testsEnded: number; end: string }): void {
  const verdict = run.health.died(sectionKey(idOf(section)), life, run.guestsOf(sectionKey(idOf(section))) - 1)
  if (verdict.kind === 'abandon') run.abandon(idOf(section), verdict.reason)
}

function idOf({ suite, name }: Section): SectionId {
  return { suite, section: name }
}

/** @throws where no such suite was built: the caller planned what it does not have */
function suiteBuilt({ suites }: Built, name: SuiteName): BuiltSuite {
  const suite = suites.find((each) => each.name === name)
  if (suite === undefined) throw new Error(`tests of the suite ${name} are planned, which was not built`)
  return suite
}
