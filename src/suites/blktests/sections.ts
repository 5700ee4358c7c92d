import { type Section, sectionSchema } from '../../domain/section.js'

/** Where tests make their files: a file system on a disk, for images of gigabytes and for direct I/O. */
const WORK = { role: 'work', sizeMiB: 4096 }

/** What check itself calls (`_check_dependencies`); udevadm has a stand-in where there is no udev (nix/suites/blktests/guest/check-config). */
const PROGRAMS = { bash: 'bash', gawk: 'gawk', blockdev: 'util-linux', getopt: 'util-linux', getconf: 'libc-bin' }

interface Own {
  readonly name: string
  readonly description: string
  readonly disks?: Section['disks']
  readonly environment?: Section['environment']
  readonly kernelOptions?: readonly string[]
  readonly programs?: Readonly<Record<string, string>>
}

function section({ name, description, disks = [], environment = {}, kernelOptions = [], programs = {} }: Own): Section {
  return sectionSchema.parse({
    ...{ suite: 'blktests', name, description, environment, disks: [...disks, WORK] },
    kernelOptions: ['CONFIG_EXT4_FS', ...kernelOptions],
    programs: { ...PROGRAMS, ...programs },
  })
}

/** blktests' sections: what its device tests run on. */
export const blktestsSections: readonly Section[] = [
  section({ name: 'nodev', description: 'No test device: tests that make their own' }),
  section({
    name: 'null_blk',
    description: 'Device tests on a null block device',
    environment: { TEST_DEVS: 'null_blk' },
    kernelOptions: ['CONFIG_BLK_DEV_NULL_BLK'],
  }),
  section({
    name: 'scsi_debug',
    description: 'Device tests on a simulated SCSI disk',
    environment: { TEST_DEVS: 'scsi_debug' },
    kernelOptions: ['CONFIG_SCSI_DEBUG', 'CONFIG_BLK_DEV_SD'],
  }),
  section({
    name: 'virtio',
    description: 'Device tests on a virtio disk',
    disks: [{ role: 'test', sizeMiB: 2048 }],
    environment: { TEST_DEVS: '@test@' },
  }),
  section({
    name: 'nvme-loop',
    description: 'The nvme group over the loop transport',
    environment: { NVMET_TRTYPES: 'loop' },
    kernelOptions: ['CONFIG_NVME_TARGET_LOOP', 'CONFIG_CONFIGFS_FS'],
    programs: { nvme: 'nvme-cli' },
  }),
]
