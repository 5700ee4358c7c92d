import * as z from 'zod'
import { sectionSchema } from './section.js'
import { suiteNameSchema } from './test.js'

/** The bundle format of this version. Version 1 is read too (src/domain/upgrade); any other number is refused, naming both. */
export const BUNDLE_VERSION = 2

/** A path inside the bundle's directory, or an absolute path (a store path). */
const path = z.string().min(1)

export const architectureSchema = z.enum(['x86_64', 'aarch64'])
/** The guest's architecture, as `uname -m` prints it. */
export type Architecture = z.infer<typeof architectureSchema>

const bundleCountersSchema = z.object({
  directories: z.array(z.string().min(1)).min(1).describe('Directories of the kernel’s source, relative to it, that were compiled so.'),
  notes: path.describe('Directory with the compiler’s notes of them (`fs/xfs/xfs_file.gcno`), and compiled-in.json: `objects`, `tree`.'),
  gcov: z.string().min(1).describe('The gcov of the compiler: an absolute path, or a name on PATH.'),
})

/** compiled-in.json beside the notes: the paths a kernel was compiled by, which its counters and the notes name. */
export const compiledInSchema = z.object({ objects: z.string().startsWith('/'), tree: z.string().startsWith('/') })

export const bundleKernelSchema = z.object({
  image: path.describe("What QEMU's `-kernel` gets: a bzImage, an arm64 Image, or an ELF vmlinux with a PVH note."),
  release: z.string().min(1).describe('As `uname -r` prints it in the guest.'),
  config: path.optional().describe("The kernel's .config, for checking options before booting."),
  vmlinux: path.optional().describe('ELF image with debug information, for decoding traces.'),
  modules: path.optional().describe('A tree holding lib/modules/RELEASE; absent where everything is built in.'),
  counters: bundleCountersSchema.optional().describe('Where it counts which of its lines run (gcov). Absent: it does not.'),
})
export type BundleKernel = z.infer<typeof bundleKernelSchema>

export const bundleSuiteSchema = z.object({
  name: suiteNameSchema.describe('The suite.'),
  guestPath: z.string().startsWith('/').describe('Where its tree lies in the guest.'),
  catalogue: path
    .optional()
    .describe("JSON file with the suite's tests: a `Catalogue`. Absent: they are read from `source`, which must be there then."),
  source: path
    .optional()
    .describe("The suite's sources on the host, for its tests and their `file` and `line`; absent where they are not kept."),
})
export type BundleSuite = z.infer<typeof bundleSuiteSchema>

export const bundleSchema = z.object({
  version: z.literal(BUNDLE_VERSION).describe('Format of this file; another number is refused.'),
  architecture: architectureSchema.describe('Architecture of the guest, as `uname -m` prints it.'),
  kind: z
    .enum(['minimal', 'nixos'])
    .default('minimal')
    .describe("`minimal`: our agent is PID 1. `nixos`: the root image's /sbin/init is, and starts the agent as a service."),
  bootSeconds: z
    .number()
    .int()
    .positive()
    .optional()
    .describe("What this guest's start may take where the guest runs on a real processor, in seconds; absent: what its kind may take."),
  kernel: bundleKernelSchema.describe('The kernel to boot.'),
  initrd: path.describe('The base initramfs: a static busybox and our init. The engine appends boot modules and settings.'),
  rootImage: path.describe("Read-only image (EROFS) with the guest's closure and the suites."),
  guestPath: z.array(z.string()).min(1).describe('PATH inside the guest.'),
  suites: z.array(bundleSuiteSchema).describe('The test suites in the guest.'),
  sections: z.array(sectionSchema).min(1).describe('The sections offered, suite by suite and in order.'),
  qemu: path.optional().describe("The QEMU system emulator to use; absent: the one on the host's PATH."),
  revisions: z
    .record(z.string(), z.string())
    .default({})
    .describe('Revision or version of everything in the bundle: `kernel`, `xfsprogs`, `nixpkgs`, …'),
})
/** The contents of `vmtest.json`: what the flake builds and the engine boots. Data, not a script. */
export type VmBundle = z.infer<typeof bundleSchema>
