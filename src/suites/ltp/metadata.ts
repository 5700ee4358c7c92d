import * as z from 'zod'
import { UserError } from '../../domain/errors.js'

const number = z.union([z.number(), z.string()]).transform(Number)

/** What is read of a program's entry; metaparse writes numbers as numbers or as text, and flags as `true` or "1". */
const entrySchema = z.looseObject({
  timeout: number.optional(),
  runtime: number.optional(),
  test_variants: z.unknown().optional(),
  needs_device: z.unknown().optional(),
  format_device: z.unknown().optional(),
  mount_device: z.unknown().optional(),
  all_filesystems: z.unknown().optional(),
  needs_kconfigs: z.array(z.unknown()).optional(),
})
type Entry = z.infer<typeof entrySchema>

const metadataSchema = z.looseObject({
  defaults: z.looseObject({ timeout: number }).optional(),
  tests: z.record(z.string(), entrySchema),
})

/** `metadata/ltp.json`, which LTP makes of its tests' sources: limits and needs by program. Tests of the old API are not in it. */
export type LtpMetadata = z.infer<typeof metadataSchema>

/** Seconds a program of the new API gets where neither it nor the metadata says otherwise (DEFAULT_TIMEOUT, lib/tst_test.c). */
const DEFAULT_TIMEOUT_SECONDS = 30
/** Programs without metadata have no limit of their own; what LTP's library gave for years. */
const OLD_API_SECONDS = 300
/** The library's own word for a time-out shall come first: it says where the test hung. */
const SLACK_SECONDS = 30
/** File systems that a test for all of them runs on, at most (lib/tst_supported_fs_types.c). */
const FILE_SYSTEMS = 8

/** @throws UserError where it is not what metaparse writes: cut off, where metaparse-sh was missing */
export function parseLtpMetadata(text: string, path: string): LtpMetadata {
  const hint = 'Make it again: `make -C metadata` in the LTP tree, with metaparse and metaparse-sh built, and `make install`.'
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new UserError(`${path} is no JSON: it ends early, or was written by something else.`, hint, { cause })
  }
  const parsed = metadataSchema.safeParse(value)
  if (parsed.success) return parsed.data
  throw new UserError(`${path} is not LTP’s metadata: ${z.prettifyError(parsed.error)}`, hint)
}

/** The entry of a program; a shell test stands with or without its ending. */
export function entryOf(metadata: LtpMetadata, program: string): Entry | null {
  for (const name of [program, program.replace(/\.sh$/, '')]) {
    const entry = Object.hasOwn(metadata.tests, name) ? metadata.tests[name] : undefined
    if (entry !== undefined) return entry
  }
  return null
}

/** Seconds after which the agent ends a test, on a fast machine; 0: none. The library has limits of its own below it. */
export function limitOf(metadata: LtpMetadata, program: string): number {
  const entry = entryOf(metadata, program)
  if (entry === null) return OLD_API_SECONDS
  const { timeout = 0, runtime = 0 } = entry
  // TST_UNLIMITED_TIMEOUT, TST_UNLIMITED_RUNTIME
  if (timeout < 0 || runtime < 0) return 0
  const once = (metadata.defaults?.timeout ?? DEFAULT_TIMEOUT_SECONDS) + timeout + runtime
  const variants = Math.max(1, Number(entry.test_variants ?? 1) || 1)
  const times = (isSet(entry.all_filesystems) ? FILE_SYSTEMS : 1) * variants
  return once * times + SLACK_SECONDS
}

/** What the guest has to have for a program, in words of nix/suites/ltp/guest's and START's. */
export function featuresOf(metadata: LtpMetadata, program: string): readonly string[] {
  const entry = entryOf(metadata, program)
  if (entry === null) return []
  const device = [entry.needs_device, entry.format_device, entry.mount_device, entry.all_filesystems].some(isSet)
  return [...(device ? ['device'] : []), ...((entry.needs_kconfigs ?? []).length > 0 ? ['config'] : [])]
}

function isSet(flag: unknown): boolean {
  return flag !== undefined && flag !== null && flag !== false && flag !== '0' && flag !== 0
}
