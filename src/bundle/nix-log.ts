import { stripVTControlCharacters } from 'node:util'
import * as z from 'zod'

/**
 * Reads Nix's `--log-format internal-json`: one `@nix {…}` line per event on standard error. Activity and result
 * numbers are those of nix/src/libutil/logging.hh (ActivityType, ResultType); unknown ones are passed over.
 */

const ACTIVITY = { copyPath: 100, fileTransfer: 101, build: 105, substitute: 108, buildWaiting: 111 } as const
const RESULT = { buildLogLine: 101, setPhase: 104, progress: 105 } as const
/** Verbosity of an error message (lvlError). */
const ERROR_LEVEL = 0

const eventSchema = z.looseObject({
  action: z.enum(['start', 'stop', 'result', 'msg']),
  id: z.number().optional(),
  level: z.number().optional(),
  type: z.number().optional(),
  msg: z.string().optional(),
  text: z.string().optional(),
  fields: z.array(z.union([z.string(), z.number()])).optional(),
})

export type NixLogEvent =
  | { readonly kind: 'build-start'; readonly derivation: string }
  | { readonly kind: 'build-end'; readonly derivation: string; readonly seconds: number }
  | { readonly kind: 'fetch-start'; readonly path: string }
  | { readonly kind: 'fetch-end'; readonly path: string; readonly seconds: number }
  /** The builder entered a phase (`buildPhase`, …), as nixpkgs' stdenv announces it. */
  | { readonly kind: 'phase'; readonly derivation: string; readonly phase: string }
  /** One line a builder printed. */
  | { readonly kind: 'log'; readonly derivation: string; readonly line: string }
  /** Nix waits: `waiting for lock on '/nix/store/…'`. */
  | { readonly kind: 'wait-start'; readonly text: string }
  | { readonly kind: 'wait-end'; readonly text: string }
  /** A file that is being transferred; `totalBytes` 0: not known. */
  | { readonly kind: 'transfer'; readonly address: string; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: 'transfer-end'; readonly address: string }
  | { readonly kind: 'message'; readonly error: boolean; readonly text: string }

interface Activity {
  readonly kind: 'build' | 'fetch' | 'transfer' | 'wait'
  readonly subject: string
  readonly startedSeconds: number
}

/** One builder's output: the last lines, so that a chatty build does not fill memory. */
export interface BuilderLog {
  readonly derivation: string
  readonly lines: readonly string[]
}

/** Without colours, cursor movement and titles. */
export function plainText(text: string): string {
  // What is left of a damaged sequence could begin another.
  return stripVTControlCharacters(text).replace(/[\r\u001b]/g, '')
}

/** Messages that are no errors: a chatty evaluation (traces) must not fill memory. */
const KEPT_MESSAGES = 200

/** Follows one `nix build`. Feed it each line of standard error with the time it came. */
export class NixLogReader {
  readonly #activities = new Map<number, Activity>()
  readonly #logs = new Map<string, string[]>()
  readonly #errors: string[] = []
  readonly #messages: string[] = []
  readonly #buildSeconds = new Map<string, number>()
  readonly #keptLines: number

  /** @param keptLines lines kept of each builder's output (the last ones) */
  constructor(keptLines = 2000) {
    this.#keptLines = keptLines
  }

  /** Error messages Nix printed, in order, without colours. */
  get errors(): readonly string[] {
    return this.#errors
  }

  /** The last of what was printed beside errors and builders' output, in order: warnings, and what a program of Nix's own (git) said. */
  get messages(): readonly string[] {
    return this.#messages
  }

  /** Output of every builder that printed something, in the order they began to. */
  get logs(): readonly BuilderLog[] {
    return [...this.#logs].map(([derivation, lines]) => ({ derivation, lines }))
  }

  /** Seconds each builder that ended ran, by its derivation. */
  get buildSeconds(): ReadonlyMap<string, number> {
    return this.#buildSeconds
  }

  feed(line: string, nowSeconds: number): readonly NixLogEvent[] {
    if (!line.startsWith('@nix ')) return line.trim() === '' ? [] : [this.#message(line, /^error:/.test(plainText(line)))]
    let json: unknown
    try {
      json = JSON.parse(line.slice(5))
    } catch {
      // A line cut by a signal: nothing is known of it.
      return []
    }
    const parsed = eventSchema.safeParse(json)
    if (!parsed.success) return []
    const { action, id, type, fields = [], level, msg, text = '' } = parsed.data
    switch (action) {
      case 'start':
        return type === ACTIVITY.buildWaiting ? this.#wait(id, text, nowSeconds) : this.#start(id, type, fields, nowSeconds)
      case 'stop':
        return this.#stop(id, nowSeconds)
      case 'result':
        return this.#result(id, type, fields)
      case 'msg':
        return msg === undefined ? [] : [this.#message(msg, level === ERROR_LEVEL)]
    }
  }

  #wait(id: number | undefined, text: string, nowSeconds: number): NixLogEvent[] {
    if (id === undefined || text === '') return []
    const plain = plainText(text)
    this.#activities.set(id, { kind: 'wait', subject: plain, startedSeconds: nowSeconds })
    return [{ kind: 'wait-start', text: plain }]
  }

  #start(id: number | undefined, type: number | undefined, fields: readonly (string | number)[], nowSeconds: number): NixLogEvent[] {
    const subject = fields[0]
    if (id === undefined || typeof subject !== 'string') return []
    if (type === ACTIVITY.build) {
      this.#activities.set(id, { kind: 'build', subject, startedSeconds: nowSeconds })
      return [{ kind: 'build-start', derivation: subject }]
    }
    // A substitution copies a path; both are announced. The outer one has a single subject and is the one shown.
    if (type === ACTIVITY.substitute) {
      this.#activities.set(id, { kind: 'fetch', subject, startedSeconds: nowSeconds })
      return [{ kind: 'fetch-start', path: subject }]
    }
    if (type === ACTIVITY.fileTransfer) {
      this.#activities.set(id, { kind: 'transfer', subject, startedSeconds: nowSeconds })
      return [{ kind: 'transfer', address: subject, doneBytes: 0, totalBytes: 0 }]
    }
    return []
  }

  #stop(id: number | undefined, nowSeconds: number): NixLogEvent[] {
    const activity = id === undefined ? undefined : this.#activities.get(id)
    if (id === undefined || activity === undefined) return []
    this.#activities.delete(id)
    const seconds = nowSeconds - activity.startedSeconds
    if (activity.kind === 'wait') return [{ kind: 'wait-end', text: activity.subject }]
    if (activity.kind === 'transfer') return [{ kind: 'transfer-end', address: activity.subject }]
    if (activity.kind === 'build') this.#buildSeconds.set(activity.subject, seconds)
    return activity.kind === 'build'
      ? [{ kind: 'build-end', derivation: activity.subject, seconds }]
      : [{ kind: 'fetch-end', path: activity.subject, seconds }]
  }

  #result(id: number | undefined, type: number | undefined, fields: readonly (string | number)[]): NixLogEvent[] {
    const activity = id === undefined ? undefined : this.#activities.get(id)
    const [text, expected] = fields
    if (activity?.kind === 'transfer' && type === RESULT.progress && typeof text === 'number') {
      return [{ kind: 'transfer', address: activity.subject, doneBytes: text, totalBytes: typeof expected === 'number' ? expected : 0 }]
    }
    if (activity?.kind !== 'build' || typeof text !== 'string') return []
    const derivation = activity.subject
    if (type === RESULT.setPhase) return [{ kind: 'phase', derivation, phase: text }]
    if (type !== RESULT.buildLogLine) return []
    const line = plainText(text)
    const lines = this.#logs.get(derivation) ?? []
    lines.push(line)
    if (lines.length > this.#keptLines) lines.shift()
    this.#logs.set(derivation, lines)
    return [{ kind: 'log', derivation, line }]
  }

  #message(text: string, error: boolean): NixLogEvent {
    const plain = plainText(text)
    if (error) this.#errors.push(plain)
    else this.#messages.push(plain)
    if (this.#messages.length > KEPT_MESSAGES) this.#messages.shift()
    return { kind: 'message', error, text: plain }
  }
}

/** A derivation's or store path's name as people know it: no directory, no hash, no `.drv`. */
export function storeName(path: string): string {
  return path.replace(/^.*\/[0-9a-z]{32}-/, '').replace(/\.drv$/, '')
}

/** A line for people, or null for an event that is not worth one. */
export function describeEvent(event: NixLogEvent): string | null {
  switch (event.kind) {
    case 'build-start':
      return `building ${storeName(event.derivation)}`
    case 'build-end':
      return `finished ${storeName(event.derivation)} (${seconds(event.seconds)})`
    case 'fetch-start':
      return null
    case 'fetch-end':
      return `fetched ${storeName(event.path)} (${seconds(event.seconds)})`
    case 'phase':
      return `${storeName(event.derivation)}: ${event.phase}`
    case 'log':
    case 'message':
    case 'wait-start':
    case 'wait-end':
    case 'transfer':
    case 'transfer-end':
      return null
  }
}

function seconds(value: number): string {
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`
}
