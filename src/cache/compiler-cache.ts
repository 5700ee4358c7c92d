import { join } from 'node:path'
import { describeError } from '../domain/errors.js'
import type { CacheLedgerEntry } from '../domain/record.js'
import type { NixEnvironment } from '../domain/stages.js'
import { CompilerDirectory } from './compiler-directory.js'
import {
  addUp,
  type CompilerNote,
  compilationsSchema,
  describeHits,
  hitRate,
  judge,
  readNote,
  secondsSpared,
  type Verdict,
  whyOff,
} from './compiler-note.js'
import { attemptOf, compilerKeys } from './keys.js'
import { entry, mebibytes } from './ledger.js'
import type { CachePorts, CacheSession, RestoredStore } from './restore.js'

export interface CompilerCacheRequest {
  readonly mode: 'auto' | 'always' | 'never'
  readonly maxMiB: number
  readonly nix: NixEnvironment
  /** What the store cache found out. */
  readonly restored: RestoredStore
  /** False where nothing of the plan is a kernel compiled by Nix. */
  readonly compiles: boolean
}

/** The compiler's cache for one build of a kernel by Nix. */
export interface CompilerCache {
  readonly ledger: readonly CacheLedgerEntry[]
  /** Settings of nix.conf for the build: what its builders may see. Empty where there is no cache. */
  readonly settings: readonly (readonly [name: string, value: string])[]
  /** Null where there is none; the ledger says why. */
  readonly session: CompilerSession | null
}

interface CompilerSession {
  readonly mode: 'auto' | 'always'
  readonly nix: NixEnvironment
  readonly cache: CacheSession
  readonly directory: CompilerDirectory
  readonly note: CompilerNote | null
  /** True where the note is of this very recipe: its measurements say something about this build. */
  readonly sameRecipe: boolean
  readonly warm: boolean
  readonly restoreSeconds: number | null
}

const LAYER = 'ccache'

/**
 * Offers builders a directory for ccache, filled from the newest entry of this recipe (Nix files, lock, kernel options: toolchain
 * and configuration), or of any. Whatever goes wrong is a line in the ledger and a slower build.
 */
export async function restoreCompilerCache(request: CompilerCacheRequest, ports: CachePorts): Promise<CompilerCache> {
  const without = (...ledger: CacheLedgerEntry[]): CompilerCache => ({ ledger, settings: [], session: null })
  const { mode, restored, nix } = request
  const cache = restored.session
  // The store cache said already why there is none; and where the bundle is there, nothing is compiled.
  if (cache === null || restored.bundlePath !== null || !request.compiles) return without()
  if (mode === 'never') return without(entry(LAYER, 'disabled', 'switched off'))
  try {
    const found = await findNote(cache, ports)
    const off = mode === 'auto' && found?.sameRecipe === true ? whyOff(found.note, ports.clock.now()) : null
    if (off !== null) return without(entry(LAYER, 'disabled', `switched off: ${off}`))
    const opened = await CompilerDirectory.open({ nix, storeDirectory: cache.store.directory, maxMiB: request.maxMiB }, ports)
    if (typeof opened === 'string') return without(entry(LAYER, 'disabled', opened))
    const filling = await fill(opened, cache, found, ports)
    await opened.handOver()
    const { warm, restoreSeconds } = filling
    const note = found?.note ?? null
    const session = { mode, nix, cache, directory: opened, note, sameRecipe: found?.sameRecipe ?? false, warm, restoreSeconds }
    return { ledger: [filling.entry], settings: nix.sandbox ? [['extra-sandbox-paths', opened.path]] : [], session }
  } catch (error) {
    return without(entry(LAYER, 'failed', describeError(error)))
  }
}

interface FoundNote {
  readonly note: CompilerNote
  readonly sameRecipe: boolean
}

async function findNote(cache: CacheSession, ports: CachePorts): Promise<FoundNote | null> {
  const keys = compilerKeys('note', cache.fingerprint, attemptOf(ports.runner.env))
  const path = join(cache.directory, 'ccache-note')
  await ports.files.remove(path)
  const answer = await ports.cacheStore.restore([path], keys.key, keys.restoreKeys)
  if (answer.kind !== 'hit') return null
  const note = readNote(await ports.files.readText(join(path, 'note.json')).catch(() => ''))
  await ports.files.remove(path)
  return note === null ? null : { note, sameRecipe: answer.key.startsWith(keys.restoreKeys[0] ?? keys.key) }
}

interface Filling {
  readonly warm: boolean
  readonly restoreSeconds: number | null
  readonly entry: CacheLedgerEntry
}

async function fill(directory: CompilerDirectory, cache: CacheSession, found: FoundNote | null, ports: CachePorts): Promise<Filling> {
  const cold = (outcome: 'miss' | 'failed', detail: string): Filling => ({
    warm: false,
    restoreSeconds: null,
    entry: entry(LAYER, outcome, detail),
  })
  if (await directory.filled()) return { warm: true, restoreSeconds: 0, entry: entry(LAYER, 'hit', 'on this machine already') }
  const keys = compilerKeys('entry', cache.fingerprint, attemptOf(ports.runner.env))
  const started = ports.clock.monotonicSeconds()
  // The note's own entry before newer ones: an upload that broke off after it left none.
  const noted = found?.note.entryKey ?? null
  const answer = await ports.cacheStore.restore([directory.path], keys.key, [...(noted === null ? [] : [noted]), ...keys.restoreKeys])
  if (answer.kind !== 'hit' || !(await directory.filled())) {
    // Half an archive is worse than none: it would be saved again as if it were all.
    await directory.clear()
    if (answer.kind === 'failed') return cold('failed', answer.reason)
    return cold('miss', answer.kind === 'hit' ? 'an entry was found, but there is nothing in it' : 'nothing yet')
  }
  const restoreSeconds = ports.clock.monotonicSeconds() - started
  const same = answer.key.startsWith(keys.restoreKeys[0] ?? '')
  const bytes = await directory.size()
  const detail = `${mebibytes(bytes)} of ${same ? 'this configuration' : 'another configuration'}`
  return { warm: true, restoreSeconds, entry: entry(LAYER, same ? 'hit' : 'partial', detail, { key: answer.key, bytes, restoreSeconds }) }
}

/**
 * What the build made of it: hit rate and time spared, and the cache saved where it has something new. To be called after a build
 * that failed too: what did compile need not be compiled again. Never throws.
 */
export async function saveCompilerCache({ session }: CompilerCache, ports: CachePorts): Promise<readonly CacheLedgerEntry[]> {
  if (session === null) return []
  try {
    return [await save(session, ports)]
  } catch (error) {
    return [entry(LAYER, 'not-saved', describeError(error))]
  }
}

async function save(session: CompilerSession, ports: CachePorts): Promise<CacheLedgerEntry> {
  const compilations = addUp((await session.directory.reports()).flatMap((text) => readReport(text)))
  if (compilations === null) return entry(LAYER, 'not-saved', `no kernel was compiled through it${session.nix.sandbox ? ONLY_TRUSTED : ''}`)
  const run = { compilations, warm: session.warm, restoreSeconds: session.restoreSeconds }
  const before = session.sameRecipe ? session.note : null
  const verdict = judge({ run, before, mode: session.mode })
  const hits = describeHits(compilations)
  const savedSeconds = secondsSpared(run, before)
  if (!ports.cacheStore.writable()) return entry(LAYER, 'not-saved', `${hits}; this run may not write to the cache`, { savedSeconds })
  if (verdict.off) {
    await saveNote({ session, verdict, entryKey: null, sizeBytes: 0, saveSeconds: null }, ports)
    return entry(LAYER, 'not-saved', `${hits}; switched off for a week: ${verdict.poor}`, { savedSeconds })
  }
  if (!verdict.save) {
    const kept = { entryKey: session.note?.entryKey ?? null, sizeBytes: session.note?.sizeBytes ?? 0 }
    if (before !== null && verdict.poorRuns !== before.poorRuns) {
      await saveNote({ session, verdict, ...kept, saveSeconds: before.saveSeconds }, ports)
    }
    return entry(LAYER, 'hit', `${hits}; too little new to save it again`, { savedSeconds })
  }
  return saveEntry(session, { verdict, hits, savedSeconds, rate: hitRate(compilations) }, ports)
}

const ONLY_TRUSTED = ' (or the sandbox did not show it: a Nix daemon takes `extra-sandbox-paths` from trusted users only)'

function readReport(text: string) {
  try {
    return [compilationsSchema.parse(JSON.parse(text))]
  } catch {
    return []
  }
}

interface Outcome {
  readonly verdict: Verdict
  readonly hits: string
  readonly savedSeconds: number | null
  readonly rate: number
}

async function saveEntry(session: CompilerSession, outcome: Outcome, ports: CachePorts): Promise<CacheLedgerEntry> {
  const { hits, savedSeconds, verdict } = outcome
  const { key } = compilerKeys('entry', session.cache.fingerprint, attemptOf(ports.runner.env))
  const started = ports.clock.monotonicSeconds()
  const sizeBytes = await session.directory.size()
  const saving = await ports.cacheStore.save([session.directory.path], key)
  const saveSeconds = ports.clock.monotonicSeconds() - started
  if (saving.kind === 'failed') return entry(LAYER, 'not-saved', `${hits}; ${saving.reason}`, { savedSeconds })
  await saveNote({ session, verdict, entryKey: key, sizeBytes, saveSeconds }, ports)
  return entry(LAYER, 'saved', `${hits}, ${mebibytes(sizeBytes)}`, { key, bytes: sizeBytes, saveSeconds, savedSeconds })
}

interface NoteToSave {
  readonly session: CompilerSession
  readonly verdict: Verdict
  readonly entryKey: string | null
  readonly sizeBytes: number
  readonly saveSeconds: number | null
}

async function saveNote({ session, verdict, entryKey, sizeBytes, saveSeconds }: NoteToSave, ports: CachePorts): Promise<void> {
  const note: CompilerNote = {
    version: 1,
    entryKey,
    sizeBytes,
    restoreSeconds: session.restoreSeconds,
    saveSeconds,
    coldSeconds: verdict.coldSeconds,
    poorRuns: verdict.poorRuns,
    offSince: verdict.off ? ports.clock.now().getTime() / 1000 : null,
    reason: (verdict.poor ?? '').slice(0, 500),
  }
  const path = join(session.cache.directory, 'ccache-note')
  await ports.files.remove(path)
  await ports.files.write(join(path, 'note.json'), JSON.stringify(note))
  const { key } = compilerKeys('note', session.cache.fingerprint, attemptOf(ports.runner.env))
  await ports.cacheStore.save([path], key)
  await ports.files.remove(path)
}
