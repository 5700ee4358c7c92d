import * as z from 'zod'
import { UserError } from '../../domain/errors.js'
import type { Section } from '../../domain/section.js'

const pattern = z.string().refine(isPattern, 'is no regular expression')

function isPattern(text: string): boolean {
  try {
    // regexp: compiled only, to say what is wrong with it
    return Boolean(new RegExp(text))
  } catch {
    return false
  }
}

export const fstestsSettingsSchema = z.object({
  fstyp: z
    .string()
    .regex(/^[a-z0-9_-]+$/)
    .describe("fstests' FSTYP: xfs, ext4, btrfs, …"),
  mkfsOptions: z.string().default('').describe("MKFS_OPTIONS, empty for the file system's default."),
  mountOptions: z.string().default('').describe('MOUNT_OPTIONS (and TEST_FS_MOUNT_OPTS), empty for the default.'),
  proof: z
    .object({
      mkfs: z.array(pattern).default([]).describe('What making the test file system printed has a line with each.'),
      mount: z
        .array(pattern)
        .default([])
        .describe('Each is a whole option of what is mounted for the tests (/proc/mounts), or `type=NAME`.'),
    })
    .optional()
    .describe(
      'How the guest shows that the options are in effect, as regular expressions. Where one is missing, what ran was not this section: it could not be tested.',
    ),
})
/** What a section of fstests' local.config says beyond what all suites share. */
export type FstestsSettings = z.infer<typeof fstestsSettingsSchema>

/** @throws UserError where a section's settings are not fstests' */
export function fstestsSettings(section: Pick<Section, 'name' | 'settings'>): FstestsSettings {
  const parsed = fstestsSettingsSchema.safeParse(section.settings)
  if (parsed.success) return parsed.data
  const problems = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`)
  throw new UserError(`Section ${section.name} is none of fstests: ${problems.join('; ')}.`, 'Correct the section where it is defined.')
}

/** What a disk stands in for: TEST_DEV, SCRATCH_DEV, a member of SCRATCH_DEV_POOL, LOGWRITES_DEV, and external log and realtime devices. */
export const diskRoles = ['test', 'scratch', 'pool', 'logwrites', 'test-log', 'scratch-log', 'test-rt', 'scratch-rt'] as const
export type DiskRole = (typeof diskRoles)[number]

export function isDiskRole(role: string): role is DiskRole {
  return (diskRoles as readonly string[]).includes(role)
}
