import * as z from 'zod'
import { sectionSchema } from './section.js'
import { suiteNameSchema } from './test.js'

/** The bundle format this engine reads. A different number is refused, naming both. */
export const BUNDLE_VERSION = 1

/** A path inside the bundle's directory, or an absolute path (a store path). */
const path = z.string().min(1)

export const architectureSchema = z.enum(['x86_64', 'aarch64'])
/** The guest's architecture, as `uname -m` prints it. */
export type Architecture = z.infer<typeof architectureSchema>

export const bundleKernelSchema = z.object({
  /** What QEMU's `-kernel` gets: a bzImage, an arm64 Image, or an ELF vmlinux with a PVH note. */
  image: path,
  /** As `uname -r` prints it in the guest. */
  release: z.string().min(1),
  /** The kernel's .config, for checking options before booting. */
  config: path.optional(),
  /** ELF image with debug information, for decoding traces. */
  vmlinux: path.optional(),
  /** A tree holding lib/modules/RELEASE; absent where everything is built in. */
  modules: path.optional(),
})
export type BundleKernel = z.infer<typeof bundleKernelSchema>

export const bundleSuiteSchema = z.object({
  name: suiteNameSchema,
  /** Where `check` lies in the guest. */
  guestPath: z.string().startsWith('/'),
  /** JSON file with the suite's tests: a `Catalogue`. */
  catalogue: path,
  /** The suite's sources on the host, for `file` and `line`; absent where they are not kept. */
  source: path.optional(),
})
export type BundleSuite = z.infer<typeof bundleSuiteSchema>

export const bundleSchema = z.object({
  version: z.literal(BUNDLE_VERSION),
  architecture: architectureSchema,
  /** `minimal`: our agent is PID 1. `nixos`: the root image's /sbin/init is, and starts the agent as a service. */
  kind: z.enum(['minimal', 'nixos']).default('minimal'),
  /** What this guest's start may take where the guest runs on a real processor; absent: what its kind may take. */
  bootSeconds: z.number().int().positive().optional(),
  kernel: bundleKernelSchema,
  /** The base initramfs: a static busybox and our init. The engine appends boot modules and settings. */
  initrd: path,
  /** Read-only image (EROFS) with the guest's closure and the suites. */
  rootImage: path,
  /** PATH inside the guest. */
  guestPath: z.array(z.string()).min(1),
  suites: z.array(bundleSuiteSchema),
  sections: z.array(sectionSchema).min(1),
  /** The QEMU system emulator to use; absent: the one on the host's PATH. */
  qemu: path.optional(),
  /** Revision or version of everything in the bundle: `kernel`, `xfstests`, `xfsprogs`, `nixpkgs`, … */
  revisions: z.record(z.string(), z.string()).default({}),
})
/** The contents of `vmtest.json`: what the flake builds and the engine boots. Data, not a script. */
export type VmBundle = z.infer<typeof bundleSchema>
