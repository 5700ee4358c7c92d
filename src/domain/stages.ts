import type { AcceleratorDecision } from './accelerator.js'
import type { VmBundle } from './bundle.js'
import type { LostTest } from './compared.js'
import type { CacheLedgerEntry, RunRecord } from './record.js'
import type { Catalogue, SectionId, SuiteName, TestId } from './test.js'

/** A Nix that works, and how it is called. */
export interface NixEnvironment {
  /** Absolute path of the `nix` program. */
  readonly program: string
  readonly version: string
  readonly origin: 'found' | 'tarball' | 'distribution'
  /** Settings passed by NIX_CONFIG; /etc is never touched. */
  readonly config: string
  /** Further variables for every `nix` command: a HOME where its caller has none. */
  readonly variables?: Readonly<Record<string, string>>
  readonly sandbox: boolean
  /** One sentence where something is less than it could be. */
  readonly notes: readonly string[]
}

/** What the store cache gave before the build. */
export interface CacheOutcome {
  readonly ledger: readonly CacheLedgerEntry[]
  /** Set on an exact hit: the bundle's store path is here and verified; nothing needs evaluating. */
  readonly bundlePath: string | null
}

/** The VM bundle, loaded and checked: every path absolute and there. */
export interface Built {
  readonly bundlePath: string
  readonly bundle: VmBundle
  /** Host path of the bundle's QEMU, or of the one on PATH. */
  readonly qemu: string
  /** The suites that were asked for, in that order; a tree given for one is already folded in. */
  readonly suites: readonly BuiltSuite[]
  /** Seconds the build took; 0 for a bundle that was given. */
  readonly buildSeconds: number
  /** Seconds the kernel tree's own `make` took; absent where none was built. */
  readonly kernelSeconds?: number
  /** Set where the kernel counts what of its code runs. */
  readonly coverage?: BuiltCounters
}

/** What counters of a kernel are read with. */
export interface BuiltCounters {
  /** Where the tree lay when it was compiled, absolute: the notes name its sources so. */
  readonly tree: string
  /** Where its objects lay then, absolute: the running kernel names its counters so. */
  readonly objects: string
  /** Where the compiler's notes lie, absolute. */
  readonly notes: string
  /** What was compiled with counters, relative to each of them. */
  readonly directories: readonly string[]
  /** Name or path of the gcov that belongs to the compiler. */
  readonly gcov: string
}

/** A suite that will run, and the image it needs beside the root image. */
export interface BuiltSuite {
  readonly name: SuiteName
  /** Where its tree lies in the guest. */
  readonly guestPath: string
  /** Read-only image mounted at guestPath (under a writable overlay), where the suite is not in the root image. */
  readonly image: string | null
  /** Sources on the host, for `file` and `line`. */
  readonly source: string | null
  readonly catalogue: Catalogue
}

/** Renderings of a record, as written to the run's directory. */
export interface Report {
  readonly record: RunRecord
  readonly comparison: Comparison | null
  readonly junitPath: string
  readonly summaryPath: string
  readonly htmlPath: string
  readonly recordPath: string
  readonly summaryMarkdown: string
  readonly annotations: readonly Annotation[]
}

/** A message on a line of the repository, or on none. */
export interface Annotation {
  readonly level: 'error' | 'warning' | 'notice'
  readonly title: string
  readonly message: string
  readonly file?: string
  readonly line?: number
  /** The last of several lines. Absent: it is of one. */
  readonly endLine?: number
}

/** One test whose verdict differs from the baseline's. */
export type ComparedTest = TestId

/** A record held against the one it is compared with. */
export interface Comparison {
  readonly baselineRunId: string
  /** Its commit, branch and workflow run; null where they are not known. */
  readonly commit: string | null
  readonly ref: string | null
  readonly address: string | null
  /** Why this record, in words. */
  readonly choice: string
  /** Why it excuses nothing; null where it can. */
  readonly noExcuse: string | null
  readonly newFailures: readonly ComparedTest[]
  readonly knownFailures: readonly ComparedTest[]
  readonly fixed: readonly ComparedTest[]
  readonly vanished: readonly ComparedTest[]
  readonly newlyNotrun: readonly ComparedTest[]
  /** Keys (`reportKey`) of the kernel reports no test owns there; absent: none. */
  readonly knownReports?: readonly string[]
  /** Tests that have a verdict there and none here, although they are asked for. */
  readonly lost: readonly LostTest[]
  /** The like that do not count. */
  readonly gone: readonly LostTest[]
  /** Sections that are defined otherwise there: nothing in them is compared. */
  readonly otherSections: readonly SectionId[]
}

/** What was handed to the outside: outputs, artifact, summary. */
export interface Published {
  readonly artifactId: number | null
  readonly artifactNote: string | null
  readonly outputs: Readonly<Record<string, string>>
  readonly failed: boolean
}

/** The state main leaves for post, as plain JSON. */
export interface Receipt {
  readonly version: 1
  /** The furthest stage main reached. */
  readonly stage: StageName
  readonly runDirectory: string | null
  readonly artifactUploaded: boolean
  readonly artifactName: string
  readonly upload: 'always' | 'failure' | 'never'
  /** Days the artifact is kept. Absent: as the repository has it. */
  readonly retentionDays?: number
  /** Undone by post: a udev rule, a changed mode, a mount. */
  readonly cleanups: readonly Cleanup[]
}

export type StageName = 'inputs' | 'plan' | 'nix' | 'cache' | 'build' | 'vm' | 'results' | 'report' | 'publish' | 'post'

/** One change to the machine that post takes back. */
export type Cleanup =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'mode'; readonly path: string; readonly mode: number }

/** How far a build of a kernel is. */
export interface BuildCount {
  /** Objects that were made. */
  readonly done: number
  /** How many there are about; null where that is not known. */
  readonly total: number | null
  /** Objects a second, lately. */
  readonly perSecond: number | null
  readonly secondsLeft: number | null
  /** What was made last: `CC fs/xfs/xfs_inode.o`. */
  readonly step: string | null
}

/** What the run tells a person while it goes on. */
export type Progress =
  | { readonly kind: 'stage'; readonly stage: StageName; readonly message: string }
  /** A build that goes on; `counted` null: it is over. */
  | { readonly kind: 'build'; readonly what: string; readonly counted: BuildCount | null }
  /** What the run waits for, and for whom; null: it waits no longer. */
  | { readonly kind: 'waiting'; readonly message: string | null }
  | { readonly kind: 'guest'; readonly guest: number; readonly message: string }
  | {
      readonly kind: 'test-start'
      readonly guest: number
      /** What the test has, and why so much. */
      readonly limit: { readonly seconds: number; readonly reason: string }
      readonly suite: SuiteName
      /** As a reader is told it: `sectionName`. */
      readonly section: string
      readonly name: string
      readonly index: number
      readonly total: number
    }
  | {
      readonly kind: 'test-end'
      readonly guest: number
      readonly suite: SuiteName
      /** As a reader is told it: `sectionName`. */
      readonly section: string
      readonly name: string
      /** What is known while the run goes on; never a verdict. */
      readonly status: string
      readonly seconds: number | null
      readonly done: number
      readonly total: number
    }
  /** How a test went, which was not known when its end was told. */
  | {
      readonly kind: 'test-word'
      readonly guest: number
      readonly suite: SuiteName
      readonly section: string
      readonly name: string
      readonly status: string
    }
  | {
      readonly kind: 'kernel-report'
      readonly guest: number
      readonly title: string
      readonly test: string | null
      /** True where that test is known to do it on purpose. */
      readonly provoked: boolean
    }
  | { readonly kind: 'accelerator'; readonly decision: AcceleratorDecision }
