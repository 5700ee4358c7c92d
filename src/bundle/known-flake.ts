import { createHash } from 'node:crypto'
import { join } from 'node:path'
import * as z from 'zod'
import type { Files } from '../ports/index.js'
import { JournalFiles, stillHolds } from './journal.js'

/** A staged flake, as far as a note can hold it. */
const flakeSchema = z.object({
  directory: z.string().startsWith('/'),
  kernel: z.object({
    release: z.string(),
    version: z.string(),
    archives: z.array(z.object({ path: z.string(), sha256: z.string(), request: z.string() })).readonly(),
  }),
})
export type KnownFlake = z.infer<typeof flakeSchema>

const noteSchema = z.object({
  flake: flakeSchema,
  journal: z.object({ marks: z.record(z.string(), z.string().nullable()), leads: z.record(z.string(), z.string().nullable()) }),
})

/** Where a flake is staged, and from what: what `OfflineOptions` says of it. */
export interface FlakePlace {
  readonly checkout: string
  readonly cacheDirectory: string
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined
}

/** What the programs that are asked read of the machine: ldconfig, dpkg, apt and perl. */
const MACHINE_STATE = [
  '/etc/ld.so.cache',
  '/etc/os-release',
  '/var/lib/dpkg/status',
  '/var/lib/apt/lists',
  '/usr/bin/perl',
  '/usr/bin/python3',
  '/etc/apt',
  '/etc/apt/sources.list',
  '/etc/apt/apt.conf',
  '/etc/apt/preferences',
]
/** And every file in these. */
const MACHINE_DIRECTORIES = ['/etc/apt/sources.list.d', '/etc/apt/apt.conf.d', '/etc/apt/preferences.d', '/etc/alternatives']
/** Variables that change what those say. */
const VARIABLES = ['PATH', 'PERL5LIB', 'PERL5OPT', 'LD_LIBRARY_PATH', 'APT_CONFIG']

/**
 * The flake that was staged here the last time, where everything that was read for it is as it was then: two thousand files are looked at, and
 * none is read. Null where it must be staged.
 */
export async function knownFlake(place: FlakePlace, files: Files): Promise<KnownFlake | null> {
  if (place.environment === undefined) return null
  const text = await files.readText(notePath(place)).catch(() => '')
  const note = noteSchema.safeParse(parsed(text))
  if (!note.success) return null
  const { flake, journal } = note.data
  return (await files.stat(flake.directory)) !== null && (await stillHolds(journal, files)) ? flake : null
}

/** A view of the files that notes what is read for a flake, and keeps that note. */
export async function noteReading(
  place: FlakePlace,
  files: Files,
): Promise<{ readonly files: Files; keep(flake: KnownFlake): Promise<void> }> {
  const { checkout, cacheDirectory, environment } = place
  if (environment === undefined || files.marks === undefined) return { files, keep: async () => undefined }
  const journal = new JournalFiles(files, (path) => path.startsWith(`${cacheDirectory}/`))
  // What is written now says what the file system's clock says.
  const path = notePath(place)
  await files.write(path, '')
  const [since] = await files.marks([path])
  // The program that stages is part of what makes the flake.
  const directories = [...MACHINE_DIRECTORIES, join(checkout, 'dist'), join(checkout, 'src/bundle')]
  for (const directory of directories) {
    journal.look(directory)
    for (const name of await files.list(directory).catch(() => [])) journal.look(join(directory, name))
  }
  // A program that is new in one of these may come before another.
  for (const each of [...MACHINE_STATE, ...(environment.PATH ?? '').split(':').filter((one) => one !== '')]) journal.look(each)
  return {
    files: journal.files,
    keep: async (flake) => {
      const closed = since === undefined || since === null ? null : await journal.close(since)
      if (closed !== null) await files.write(path, JSON.stringify({ flake, journal: closed }))
    },
  }
}

function notePath({ checkout, cacheDirectory, environment }: FlakePlace): string {
  const key = JSON.stringify([checkout, VARIABLES.map((name) => environment?.[name] ?? null)])
  return join(cacheDirectory, 'known-flakes', `${createHash('sha256').update(key).digest('hex').slice(0, 16)}.json`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** What a staged flake was built as. */
export interface KnownBuild {
  readonly flake: string
  readonly cacheDirectory: string
  /** The link that keeps it from Nix's garbage collector. */
  readonly outLink: string
  /** Everything else that could make another of it: Nix and its configuration. */
  readonly by: readonly unknown[]
}

/** The bundle a staged flake (named by its contents) was built as, where it is still there and kept; null where Nix must be asked. */
export async function knownBuild(of: KnownBuild, files: Files): Promise<string | null> {
  const bundle = (await files.readText(buildPath(of)).catch(() => '')).trim()
  if (bundle === '' || (await files.realPath(of.outLink).catch(() => null)) !== bundle) return null
  return (await files.stat(join(bundle, 'vmtest.json'))) === null ? null : bundle
}

/** Notes what it was built as. */
export async function noteBuild(of: KnownBuild, bundle: string, files: Files): Promise<void> {
  await files.write(buildPath(of), `${bundle}\n`)
}

function buildPath({ flake, cacheDirectory, by }: KnownBuild): string {
  const key = createHash('sha256')
    .update(JSON.stringify([flake, by]))
    .digest('hex')
    .slice(0, 16)
  return join(cacheDirectory, 'known-builds', key)
}
