import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import { reportsOf } from '../crash/index.js'
import type { KernelReport } from '../domain/kernel-report.js'
import { type Plan, planSchema, type Selection, selectionSchema } from '../domain/plan.js'
import type { RunRecord } from '../domain/record.js'
import { suiteNameSchema } from '../domain/test.js'
import { upgradePlan, upgradeSelection } from '../domain/upgrade/index.js'
import type { BatchRun, GuestRun, VmRun } from '../domain/vm-run.js'
import type { Ports } from '../ports/index.js'
import { buildRecord, ownShardSchema } from '../results/index.js'
import { suiteOf } from '../suites/index.js'
import { CONSOLE_FILE } from '../vm/index.js'
import { readHostFacts } from './host-facts.js'
import { ConsoleTimes, newestFile } from './last-evidence.js'
import { PLAN_FILE, SELECTION_FILE } from './open-run.js'
import { SHARDS_FILE } from './share-out.js'

/** What is noted of a guest when it starts, so that its results can be read although we were killed. */
const guestNoteSchema = z.object({
  id: z.number().int().positive(),
  /** Absent in notes of the first version. */
  suite: suiteNameSchema.optional(),
  section: z.string(),
  startedAt: z.string(),
})
export type GuestNote = z.infer<typeof guestNoteSchema>

/** Under this name the note lies in the guest's directory. */
export const GUEST_NOTE_FILE = 'guest.json'

/**
 * Makes the record of a run that was killed before it could: plan and selection are on disk from the start, the results of
 * every finished test from its end on. What has no verdict is `notreached`.
 *
 * It ends with the newest evidence, however late it is read.
 * @param known what ended it, where a record says so; absent: an end from outside, or its deadline where that was over by then
 * @returns null where the directory is not a run of ours, or nothing was planned yet
 */
export async function recoverRecord(
  runDirectory: string,
  toolVersion: string,
  ports: Ports,
  known?: RunRecord['stopped'],
): Promise<RunRecord | null> {
  const { files, clock } = ports
  const plan = await readAs(planSchema, upgradePlan, join(runDirectory, PLAN_FILE), files)
  if (plan === null) return null
  const selection = await readAs(selectionSchema, upgradeSelection, join(runDirectory, SELECTION_FILE), files)
  const shard = await readAs(ownShardSchema, asItIs, join(runDirectory, SHARDS_FILE), files)
  const guests = await readGuests(runDirectory, files)
  const now = clock.now().toISOString()
  const startedAt = guests.map(({ note }) => note.startedAt).sort()[0] ?? now
  const { vmRun, consoleMs } = await remains(runDirectory, { guests, plan, selection }, ports)
  // The machine's clock may have been set back since.
  const endedAt = [startedAt, ...vmRun.guests.map((guest) => guest.endedAt)].sort().at(-1) ?? now
  return buildRecord(files, {
    toolVersion,
    runId: randomUUID(),
    startedAt,
    endedAt,
    plan: plan satisfies Plan,
    selection: selection ?? ({ sections: [], tests: [] } satisfies Selection),
    vmRun: { ...vmRun, stopped: known ?? whyStopped(plan, consoleMs - Date.parse(startedAt)) },
    host: await readHostFacts(ports),
    accelerator: null,
    revisions: {},
    cache: [],
    ...(shard === null ? {} : { shard }),
    problems: ['The run was ended before it could report; this record was made of what it left.'],
    runDirectory,
    suiteSources: {},
  })
}

/** Whoever ends a run at its deadline leaves no word; that its time was over shows. */
function whyStopped({ timeoutMinutes }: Plan, lastedMs: number): VmRun['stopped'] {
  return lastedMs >= timeoutMinutes * 60_000
    ? { kind: 'deadline', reason: `The run's ${timeoutMinutes} minutes were over before it could report.` }
    : { kind: 'cancelled', reason: 'The run was ended from outside before it could report.' }
}

const asItIs = (json: unknown): unknown => json

async function readAs<T>(
  schema: z.ZodType<T>,
  upgrade: (json: unknown) => unknown,
  path: string,
  files: Ports['files'],
): Promise<T | null> {
  if ((await files.stat(path)) === null) return null
  try {
    return schema.parse(upgrade(JSON.parse(await files.readText(path))))
  } catch {
    // Cut off by whatever ended the run: as good as absent.
    return null
  }
}

interface FoundGuest {
  readonly note: GuestNote
  readonly batches: readonly string[]
}

async function readGuests(runDirectory: string, files: Ports['files']): Promise<readonly FoundGuest[]> {
  const parent = join(runDirectory, 'guests')
  if ((await files.stat(parent)) === null) return []
  const found: FoundGuest[] = []
  for (const name of await files.list(parent)) {
    const note = await readAs(guestNoteSchema, asItIs, join(parent, name, GUEST_NOTE_FILE), files)
    if (note === null) continue
    const batches = join(parent, name, 'batches')
    const names = (await files.stat(batches)) === null ? [] : await files.list(batches)
    found.push({ note, batches: names.map((batch) => join('guests', name, 'batches', batch)) })
  }
  return found.sort((left, right) => left.note.id - right.note.id)
}

interface Remains {
  readonly vmRun: VmRun
  /** When the last line of any console came, in milliseconds since 1970; 0 where none did. */
  readonly consoleMs: number
}

async function remains(
  runDirectory: string,
  { guests, plan, selection }: { readonly guests: readonly FoundGuest[]; readonly plan: Plan; readonly selection: Selection | null },
  { files }: Ports,
): Promise<Remains> {
  const batches: BatchRun[] = []
  for (const { note, batches: directories } of guests) {
    for (const directory of directories) {
      const suite = suiteOfGuest(note, plan)
      const planned = selection?.tests.filter((test) => test.suite === suite && test.section === note.section) ?? []
      const evidence = {
        directory: join(runDirectory, directory),
        section: note.section,
        tests: planned.map(({ name }) => name),
        exitStatus: null,
        source: null,
      }
      const judged = await suiteOf(suite).judge(files, evidence)
      batches.push({
        guest: note.id,
        suite,
        section: note.section,
        tests: [...new Set(judged.tests.map(({ name }) => name))],
        directory,
        timeline: [],
        exitStatus: null,
        died: { exit: ENDED, test: null },
        notes: [],
      })
    }
  }
  const found = await Promise.all(guests.map(({ note }) => guestOf(note, { runDirectory, plan }, files)))
  const vmRun: VmRun = {
    guests: found.map(({ guest }) => guest),
    batches,
    abandonedSections: [],
    stopped: null,
    settings: {},
    vms: 0,
    memoryMiB: 0,
    cpusPerVm: 0,
  }
  return { vmRun, consoleMs: Math.max(0, ...found.map(({ consoleMs }) => consoleMs ?? 0)) }
}

const ENDED = { kind: 'cancelled' } as const

function suiteOfGuest({ suite }: GuestNote, plan: Plan): string {
  return suite ?? plan.suites[0] ?? 'fstests'
}

/** What is left of a guest: its console, with what its kernel reported. The tests that provoke a report are those the suite names by itself. */
async function guestOf(
  note: GuestNote,
  { runDirectory, plan }: { readonly runDirectory: string; readonly plan: Plan },
  files: Ports['files'],
): Promise<{ readonly guest: GuestRun; readonly consoleMs: number | null }> {
  const suite = suiteOfGuest(note, plan)
  const directory = join('guests', String(note.id))
  const consolePath = join(directory, CONSOLE_FILE)
  const reports: KernelReport[] = []
  const times = new ConsoleTimes(note.startedAt)
  try {
    const console = files.stream(join(runDirectory, consolePath))
    for await (const report of reportsOf(times.through(console), { programs: true, suites: [suiteOf(suite)] })) reports.push(report)
  } catch {
    // Ended before there was one.
  }
  const boot = { kernelSeconds: null, initSeconds: null, readySeconds: null, firstTestSeconds: null }
  // Copied files are as new as their copies, and no run takes longer than it may.
  const startMs = Date.parse(note.startedAt)
  const batches = join(runDirectory, directory, 'batches')
  const lastMs = times.lastMs ?? Math.min((await newestFile(batches, files)) ?? startMs, startMs + plan.timeoutMinutes * 60_000)
  const guest: GuestRun = {
    id: note.id,
    suite,
    section: note.section,
    startedAt: note.startedAt,
    endedAt: lastMs > startMs ? new Date(lastMs).toISOString() : note.startedAt,
    exit: ENDED,
    boot,
    consolePath,
    directory,
    argv: [],
    release: null,
    reports,
  }
  return { guest, consoleMs: times.lastMs }
}
