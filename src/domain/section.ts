import * as z from 'zod'

/**
 * Which block device of fstests a disk stands in for.
 * `test`, `scratch`: TEST_DEV, SCRATCH_DEV. `pool`: one member of SCRATCH_DEV_POOL (its order is the list's).
 * `logwrites`: LOGWRITES_DEV. `*-log`, `*-rt`: external log and realtime devices (USE_EXTERNAL=yes).
 */
export const diskRoleSchema = z.enum(['test', 'scratch', 'pool', 'logwrites', 'test-log', 'scratch-log', 'test-rt', 'scratch-rt'])
export type DiskRole = z.infer<typeof diskRoleSchema>

export const diskSpecSchema = z.object({
  role: diskRoleSchema.describe('Which device of fstests it stands in for.'),
  sizeMiB: z.number().int().positive().describe('Apparent size; the file is sparse.'),
})
/** One sparse raw disk a section needs. */
export type DiskSpec = z.infer<typeof diskSpecSchema>

const pattern = z.string().refine(isPattern, 'is no regular expression')

function isPattern(text: string): boolean {
  try {
    return Boolean(new RegExp(text))
  } catch {
    return false
  }
}

export const sectionSchema = z.object({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .describe("As in `[name]` of fstests' local.config: letters, digits, `_` and `-`."),
  description: z.string().default('').describe('For people.'),
  fstyp: z
    .string()
    .regex(/^[a-z0-9_-]+$/)
    .describe("fstests' FSTYP: xfs, ext4, btrfs, …"),
  mkfsOptions: z.string().default('').describe("MKFS_OPTIONS, empty for the file system's default."),
  mountOptions: z.string().default('').describe('MOUNT_OPTIONS (and TEST_FS_MOUNT_OPTS), empty for the default.'),
  disks: z.array(diskSpecSchema).describe('The disks the guest gets, in order.'),
  environment: z.record(z.string(), z.string()).default({}).describe('Further variables of local.config, by name.'),
  kernelOptions: z
    .array(z.string())
    .default([])
    .describe(
      'Kernel options the section cannot do without, for example `CONFIG_XFS_RT`. Checked before booting where the config is known.',
    ),
  minimumKernel: z
    .string()
    .regex(/^\d+\.\d+$/)
    .optional()
    .describe('Oldest kernel that can mount it, as MAJOR.MINOR; absent: any.'),
  needs: z
    .array(z.enum(['pmem', 'nfs-server']))
    .optional()
    .describe(
      'What the guest sets up beyond disks. `pmem`: the test and scratch disks are persistent memory (virtio-pmem). `nfs-server`: ext4 on both disks, exported to this guest itself.',
    ),
  programs: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Programs the section cannot do without, and the Debian package of each. A guest without one says so as soon as it is up: the section is given up by name, before any test.',
    ),
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
/** One configuration the tests run under: what fstests calls a section of local.config. */
export type Section = z.infer<typeof sectionSchema>
