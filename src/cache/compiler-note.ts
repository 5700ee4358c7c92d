import * as z from 'zod'

/** The format of the note. Another number is as good as none. */
const NOTE_VERSION = 1
/** Below this a cache of compilations is not worth its way here: most of the kernel was compiled anyway. */
const POOR_HIT_RATE = 0.2
/** One such run may be a header everything includes; so many in a row are the rule. */
const POOR_RUNS = 2
/** What did not pay is tried again after this. */
const OFF_SECONDS = 7 * 24 * 3600
/** With fewer new objects than this the entry that is there serves as well. */
const WORTH_SAVING = 0.02

/** What a builder reports (nix/lib/ccache.sh). */
export const compilationsSchema = z.object({
  /** Objects of the cache, and those of an earlier build that were reused as they lay there. */
  hits: z.number().int().nonnegative(),
  misses: z.number().int().nonnegative(),
  /** Of the builder, compiler and all the rest. */
  seconds: z.number().nonnegative(),
  /** Of the hits, those that nobody had to look up: they came with an object tree (nix/lib/object-tree.sh). */
  reused: z.number().int().nonnegative().default(0),
  /** True where the builder put an object tree aside for the next build. */
  kept: z.boolean().default(false),
})
export type Compilations = z.infer<typeof compilationsSchema>

export const compilerNoteSchema = z.object({
  version: z.literal(NOTE_VERSION),
  /** The entry that holds the cache; null where none is kept. */
  entryKey: z.string().min(1).max(512).nullable(),
  sizeBytes: z.number().nonnegative(),
  /** Of restoring and saving it, as last measured. */
  restoreSeconds: z.number().nonnegative().nullable(),
  saveSeconds: z.number().nonnegative().nullable(),
  /** Of the builders when hardly anything was in the cache. */
  coldSeconds: z.number().nonnegative().nullable(),
  poorRuns: z.number().int().nonnegative(),
  /** When it was switched off, in seconds since 1970; null while it is on. */
  offSince: z.number().nonnegative().nullable(),
  reason: z.string().max(500),
})
/** What one run leaves about its compiler cache: small, and looked up before anything large is fetched. */
export type CompilerNote = z.infer<typeof compilerNoteSchema>

/** Foreign bytes: anything but a note of ours is none. */
export function readNote(text: string): CompilerNote | null {
  try {
    return compilerNoteSchema.parse(JSON.parse(text))
  } catch {
    return null
  }
}

/** @returns why the cache stays off, or null where it is used */
export function whyOff({ offSince, reason }: CompilerNote, now: Date): string | null {
  if (offSince === null) return null
  const until = offSince + OFF_SECONDS
  if (now.getTime() / 1000 >= until) return null
  return `${reason}; tried again from ${new Date(until * 1000).toISOString().slice(0, 10)}`
}

/** Of several builders' reports: what was compiled, and their time one after the other. Null where none reported a compilation. */
export function addUp(reports: readonly Compilations[]): Compilations | null {
  const sum = reports.reduce<Compilations>(
    (a, b) => ({
      hits: a.hits + b.hits,
      misses: a.misses + b.misses,
      seconds: a.seconds + b.seconds,
      reused: a.reused + b.reused,
      kept: a.kept || b.kept,
    }),
    { hits: 0, misses: 0, seconds: 0, reused: 0, kept: false },
  )
  return sum.hits + sum.misses === 0 ? null : sum
}

/** Between 0 and 1, of what could be cached. */
export function hitRate({ hits, misses }: Compilations): number {
  return hits + misses === 0 ? 0 : hits / (hits + misses)
}

/** `99.9 % hits (1722 of 1724 compilations)`, with `, 1720 objects reused as they lay there` before the bracket closes; never rounded up to 100. */
export function describeHits(compilations: Compilations): string {
  const { hits, misses, reused } = compilations
  return `${(Math.floor(hitRate(compilations) * 1000) / 10).toFixed(1)} % hits (${hits} of ${hits + misses} compilations${reused === 0 ? '' : `, ${reused} objects reused as they lay there`})`
}

export interface CompilerRun {
  readonly compilations: Compilations
  /** True where something of an earlier run was there. */
  readonly warm: boolean
  readonly restoreSeconds: number | null
}

/** Seconds of building the cache spared, against a build without; null where no such build was measured. */
export function secondsSpared({ compilations, warm }: CompilerRun, before: CompilerNote | null): number | null {
  if (!warm || before === null || before.coldSeconds === null) return null
  return Math.max(0, before.coldSeconds - compilations.seconds)
}

/** What the run says about the next: is the cache kept, and is it saved anew? */
export interface Verdict {
  readonly save: boolean
  /** Null where it pays, or may. */
  readonly poor: string | null
  readonly off: boolean
  readonly poorRuns: number
  readonly coldSeconds: number | null
}

export interface VerdictRequest {
  readonly run: CompilerRun
  /** Of the same recipe; null: this is the first run, and must be saved once to be measured. */
  readonly before: CompilerNote | null
  /** `always`: what it costs is not asked. */
  readonly mode: 'auto' | 'always'
}

export function judge({ run, before, mode }: VerdictRequest): Verdict {
  const { compilations, warm } = run
  const rate = hitRate(compilations)
  const spared = secondsSpared(run, before)
  const cost = (run.restoreSeconds ?? 0) + (before?.saveSeconds ?? 0)
  const low = warm && before !== null && rate < POOR_HIT_RATE
  const dear = spared !== null && spared < cost
  const poor = low
    ? `it gave ${describeHits(compilations)}`
    : dear
      ? `restoring and saving it took ${cost.toFixed(1)} s, and it spared ${spared.toFixed(1)} s`
      : null
  const poorRuns = poor === null ? 0 : (before?.poorRuns ?? 0) + 1
  const off = mode === 'auto' && poorRuns >= POOR_RUNS
  const coldSeconds = rate < POOR_HIT_RATE ? compilations.seconds : (before?.coldSeconds ?? null)
  return { save: !off && (!warm || compilations.kept || 1 - rate > WORTH_SAVING), poor, off, poorRuns, coldSeconds }
}
