import type { AcceleratorRequest } from './accelerator.js'
import type { Architecture } from './bundle.js'
import type { CoverageRequest } from './coverage.js'
import type { Plan } from './plan.js'
import type { ShardNumber } from './shards.js'
import type { SuiteName, TestId, TestName } from './test.js'

/** When the step or the command fails. `new`: only on failures the baseline does not have (the same as `any` without one). */
export type FailOn = 'new' | 'any' | 'never'

/** What a test comes to that the compared record has a verdict on and this run lost. */
export type LostTests = 'fail' | 'warn'

/** When the memory of a guest that panicked or hung is read. */
export type DumpWhen = 'auto' | 'always' | 'never'

/** When logs are uploaded as an artifact. */
export type UploadPolicy = 'always' | 'failure' | 'never'

/** Where the VM bundle comes from. */
export type BundleSource =
  /** Built by Nix: `nix build FLAKE#ATTRIBUTE`. */
  | { readonly kind: 'flake'; readonly flake: string; readonly attribute: string; readonly impure: boolean }
  /** A built bundle: a directory with vmtest.json. */
  | { readonly kind: 'path'; readonly path: string }
  /** The bundle the engine makes of the host's own programs with examples/offline. */
  | { readonly kind: 'offline'; readonly architecture?: Architecture | undefined }

/** A kernel that replaces the bundle's own. */
export interface KernelOverride {
  /** bzImage, Image or vmlinux. */
  readonly image: string
  /** Directory holding lib/modules/RELEASE, or that directory itself. */
  readonly modules?: string
  readonly vmlinux?: string
  readonly config?: string
}

/** Which source tree the kernel is built from, before booting, by its own `make`. */
export type KernelTreeChoice =
  /** The working directory's, where it is a kernel tree and the user named neither kernel nor bundle (command only). */
  | { readonly kind: 'auto' }
  /** None: the bundle's own kernel. */
  | { readonly kind: 'none' }
  | { readonly kind: 'tree'; readonly directory: string }

/** What to run, in the words the user gave; the plan resolves it against the catalogue. */
export interface SelectionRequest {
  readonly sections: readonly string[]
  readonly groups: readonly string[]
  readonly excludeGroups: readonly string[]
  readonly tests: readonly TestName[]
  /** Files of tests to leave out, a name at the start of a line. */
  readonly excludeFiles: readonly string[]
  /** Files with expected failures and expunges in our form. */
  readonly expectationFiles: readonly string[]
  /** True where the groups were chosen by what changed: one that a suite has not got is passed over. Absent: it is refused. */
  readonly byChange?: boolean | undefined
  /** Of what these select, only these tests in these sections; absent: all. */
  readonly only?: readonly TestId[] | undefined
}

/** How Nix and the caches are used by the action. */
export interface NixInputs {
  readonly version: string | null
  readonly tarballUrl: string | null
  readonly tarballSha256: string | null
  readonly extraConf: string
  readonly substituters: readonly string[]
  readonly trustedPublicKeys: readonly string[]
  /** Whether a kernel Nix compiles goes through ccache; `auto`: while it pays. */
  readonly ccache: 'auto' | 'always' | 'never'
  readonly ccacheMaxMiB: number
}

/** Everything asked for, read once, checked as a whole: argv or action.yml. */
export interface Inputs {
  readonly face: 'cli' | 'action'
  readonly bundle: BundleSource
  readonly kernel: KernelOverride | null
  readonly kernelTree: KernelTreeChoice
  /** A prebuilt kernel's configuration, or what a tree's configuration starts from. */
  readonly kernelConfig: string | null
  /** Further fragments of a tree's configuration: names, files, options. */
  readonly kconfig: readonly string[]
  /** Trees that take the place of what the bundle brings, by suite. */
  readonly trees: Readonly<Record<SuiteName, string>>
  /** What is built of a kernel tree's selftests; empty: what the selection names. */
  readonly kselftestTargets: readonly string[]
  /** In the order asked for; empty: what the bundle and the trees suggest. */
  readonly suites: readonly SuiteName[]
  readonly localConfig: string | null
  readonly selection: SelectionRequest
  /** Which part of these tests; null: all. */
  readonly shard: ShardNumber | null
  /** The plan that says what is in it: a directory or file that `vmtest plan --output` wrote; null: computed from the bundle. */
  readonly shardPlan: string | null
  readonly accelerator: AcceleratorRequest
  readonly vms: number | 'auto'
  /** Per VM. */
  readonly memoryMiB: number | 'auto'
  readonly cpusPerVm: number | 'auto'
  /** The whole run's deadline. */
  readonly timeoutMinutes: number
  /** One test's limit before scaling; `auto` learns it from history. */
  readonly testTimeoutSeconds: number | 'auto'
  /** How often a failing test is run again in a fresh VM. */
  readonly rerunFailed: number
  readonly failOn: FailOn
  readonly lostTests: LostTests
  /** This run's record becomes the one that later runs of the branch are compared with, whatever failed. */
  readonly acceptFailures: boolean
  /** The job's matrix as JSON; `null` outside one. */
  readonly matrix: string
  /** A record, or a directory holding one, of the base branch. */
  readonly baseline: string | null
  /** Run new failures again on the base's bundle, where that is at hand. */
  readonly abProof: boolean
  /** The base's bundle: a directory with vmtest.json. */
  readonly baseBundle: string | null
  /** Measured settings that make emulation faster (norandmaps, CPU flags, one vCPU). */
  readonly emulationTuning: boolean
  readonly keep: boolean
  /** Read the memory of a guest that panics or hangs; `auto`: where all that it takes is there. */
  readonly dumpWhen: DumpWhen
  /** Keep that memory. */
  readonly dumpArtifact: boolean
  /** What of the kernel tree is compiled with counters; `null`: nothing. */
  readonly coverage: CoverageRequest | null
  /** Choose tests by the baseline's map; `null`: no. */
  readonly changedTests: NonNullable<Plan['changedTests']> | null
  /** Compile on after an error. */
  readonly keepGoing: boolean
  readonly outputDirectory: string
  readonly cache: boolean
  /** False: the cache is read and nothing is saved in it. */
  readonly cacheWrites: boolean
  /** Days an artifact is kept; 0: as the repository has it. */
  readonly retentionDays: number
  /** Size of each test, scratch and pool disk; `auto`: as its section says. */
  readonly diskSizeMiB: number | 'auto'
  readonly upload: UploadPolicy
  readonly artifactName: string
  readonly nix: NixInputs
}
