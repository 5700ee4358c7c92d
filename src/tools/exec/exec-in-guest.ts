import { join } from 'node:path'
import { createClassifier } from '../../crash/index.js'
import { UserError } from '../../domain/errors.js'
import type { Inputs } from '../../domain/inputs.js'
import type { Plan } from '../../domain/plan.js'
import { type Section, sectionSchema } from '../../domain/section.js'
import type { Built, BuiltSuite, Progress } from '../../domain/stages.js'
import { testFileName } from '../../domain/test-file.js'
import type { BatchRun } from '../../domain/vm-run.js'
import type { Directories } from '../../pipeline/directories.js'
import { readHostFacts } from '../../pipeline/host-facts.js'
import { obtainBundle } from '../../pipeline/obtain-bundle.js'
import { openRun, planOnly } from '../../pipeline/open-run.js'
import { resolveSelection } from '../../pipeline/resolve-selection.js'
import type { Ports } from '../../ports/index.js'
import { type SuiteNeeds, suiteOf } from '../../suites/index.js'
import { bootLimit, createStartGuest, debugKernel, guestSeconds, leaveLimit, parseProgramEnd } from '../../vm/index.js'
import { planOneGuest } from '../one-guest.js'
import { converse } from './converse.js'
import { execRecord } from './exec-record.js'
import type { ExecOutcome } from './outcome.js'

/** The suite and section a command belongs to that was asked for without a section: they have nothing. */
const NO_SECTION = sectionSchema.parse({ suite: 'exec', name: 'default', description: 'One command.' })

export interface ExecOptions {
  readonly inputs: Inputs
  readonly places: Directories
  /** The program and its arguments. */
  readonly argv: readonly string[]
  readonly toolVersion: string
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
  /** What the command prints, on both of its streams, as it comes: any bytes. */
  readonly onOutput: (bytes: Uint8Array) => void
}

/**
 * Boots a guest, runs one command in it as root and powers it off. Where a directory for results was given (`output`), it gets the guest's
 * console, the command's output and run.json.
 * @throws UserError where nothing could be booted
 */
export async function execInGuest(options: ExecOptions, ports: Ports): Promise<ExecOutcome> {
  const { inputs, places } = options
  const isKept = inputs.outputDirectory !== ''
  const run = isKept ? await openRun({ inputs, places }, ports) : null
  const directory = run?.directory ?? (await ports.files.makeTemporary(places.temporaryDirectory, 'vmtest-exec-'))
  try {
    const plan = run?.plan ?? (await planOnly({ inputs, places }, ports))
    return await inDirectory(options, { plan, directory, isKept }, ports)
  } finally {
    if (!isKept) await ports.files.remove(directory)
  }
}

interface ExecPlace {
  readonly plan: Plan
  readonly directory: string
  readonly isKept: boolean
}

async function inDirectory(options: ExecOptions, { plan, directory, isKept }: ExecPlace, ports: Ports): Promise<ExecOutcome> {
  const { inputs, places, signal, onProgress, argv } = options
  const startedAt = ports.clock.now().toISOString()
  const startedSeconds = ports.clock.monotonicSeconds()
  // Without a section no suite is needed, and a bundle without the usual one serves.
  const wanted = plan.selection.sections.length > 0 ? plan : { ...plan, suites: [], trees: {} }
  const { built } = await obtainBundle({ plan: wanted, nix: inputs.nix, places, runDirectory: null, signal, onProgress }, ports)
  const { section, suite } = await placeOf(wanted, built, places, ports)
  // What is printed is handed on as it comes, whoever the section is of.
  const progress = () => ({ feed: () => [], end: () => [], handOn: options.onOutput })
  const drive = { kind: 'runner', command: () => ({ environment: {}, arguments: [] }), progress } as const
  const suites = (name: string) => (name === NO_SECTION.suite ? { guest: null, needs: needsOfCommand, drive } : { ...suiteOf(name), drive })
  const { config } = built.bundle.kernel
  const { factor } = debugKernel(config === undefined ? null : await ports.files.readText(config))
  const needs = suites(section.suite).needs(section, [])
  const { diskDirectory, ...machine } = await planOneGuest({ plan, built, section, needs, directory, debugFactor: factor }, ports)
  const disks = await ports.files.makeTemporary(diskDirectory, 'vmtest-disks-')
  try {
    const start = createStartGuest(ports, {
      scriptsDirectory: join(places.checkout, 'nix/guest'),
      cacheDirectory: places.cacheDirectory,
      createObserver: () => createClassifier(),
      suites,
      onNote: (message) => onProgress({ kind: 'stage', stage: 'vm', message }),
    })
    const guest = await start({
      id: 1,
      built,
      suite,
      section,
      ...machine,
      runDirectory: directory,
      diskDirectory: disks,
      keep: false,
      ...(isKept && plan.dumpWhen === 'always' ? { dumpPath: join(directory, 'guests/1/memory.elf') } : {}),
    })
    const scale = { timeoutFactor: machine.accelerator.timeoutFactor, debugFactor: factor }
    const elapsedSeconds = ports.clock.monotonicSeconds() - startedSeconds
    const name = argv.join(' ').slice(0, MOST_NAME)
    const outcome = await converse({
      guest,
      program: {
        name,
        argv,
        environment: section.environment,
        directory: '/root',
        limitSeconds: null,
        exitWord: (code) => (code === 0 ? 'ended' : 'fail'),
      },
      limits: {
        bootSeconds: bootLimit(built.bundle, scale).seconds,
        commandSeconds: guestSeconds({ timeoutMinutes: plan.timeoutMinutes, elapsedSeconds }),
        leaveSeconds: leaveLimit(built.bundle.kind, scale).seconds,
      },
      clock: ports.clock,
      signal,
      readEnd: (batch) => readEnd(ports, join(directory, batch.directory), name, batch),
      onReady: (release) => onProgress({ kind: 'guest', guest: 1, message: `ready (${release})` }),
    })
    if (isKept) {
      const host = await readHostFacts(ports)
      const times = { startedAt, endedAt: ports.clock.now().toISOString() }
      const record = execRecord({
        outcome,
        plan,
        section,
        name,
        built,
        accelerator: machine.accelerator,
        host,
        toolVersion: options.toolVersion,
        ...times,
      })
      await ports.files.write(join(directory, 'run.json'), `${JSON.stringify(record, null, 2)}\n`)
    }
    return outcome
  } finally {
    await ports.files.remove(disks)
  }
}

/** Of a command's words so many characters are its name in the record. */
const MOST_NAME = 200

/** The section that was asked for, with its suite: its disks are there and its file system is made. Without one, nothing. */
async function placeOf(
  plan: Plan,
  built: Built,
  places: Directories,
  ports: Ports,
): Promise<{ readonly section: Section; readonly suite: BuiltSuite }> {
  if (plan.selection.sections.length === 0) {
    const catalogue = { suite: NO_SECTION.suite, tests: [] }
    return { section: NO_SECTION, suite: { name: NO_SECTION.suite, guestPath: '/', image: null, source: null, catalogue } }
  }
  const { selection } = await resolveSelection({ plan, built, places }, ports)
  const [section, ...others] = selection.sections
  const suite = built.suites.find(({ name }) => name === section?.suite)
  if (section === undefined || suite === undefined || others.length > 0) {
    throw new UserError('A command runs in one section.', 'Name one with `-s`, or none: then the guest has no test disks.')
  }
  return { section, suite }
}

async function readEnd({ files }: Pick<Ports, 'files'>, directory: string, name: string, { exitStatus }: BatchRun) {
  const path = join(directory, 'results/tests', `${testFileName(name)}.status`)
  if (exitStatus === null || (await files.stat(path)) === null) return null
  return parseProgramEnd(await files.readText(path))
}

/** A command without a section needs what any guest has. */
function needsOfCommand(section: Section): SuiteNeeds {
  const { kernelOptions } = section
  return {
    kernelOptions,
    memoryMiB: { usual: 1024, least: 256 },
    exclusive: [],
    repeatedRoles: [],
    persistentRoles: [],
    writtenShare: {},
    mostWrittenMiB: 0,
  }
}
