import type * as z from 'zod'
import type { Architecture, VmBundle } from '../domain/bundle.js'
import type { Provocation } from '../domain/kernel-report.js'
import type { Disagreement, Metric, Subtest } from '../domain/record.js'
import type { Section } from '../domain/section.js'
import type { Catalogue, CatalogueTest, SuiteName, TestName } from '../domain/test.js'
import type { Files } from '../ports/index.js'

/** What a suite reads of a results tree. */
export type TreeReader = Pick<Files, 'list' | 'readBytes' | 'stat'>

/** How much slower than a real processor the guests are. */
export interface SuiteScale {
  readonly emulated: boolean
  /** What time limits are multiplied by; 1 under KVM. */
  readonly timeoutFactor: number
}

/** What a suite makes of the scale. */
export interface SuiteTuning {
  /** Its settings that differ from what it does by itself, for the record: they can matter to a result. */
  readonly settings: Readonly<Record<string, string>>
  /** Seconds that any of its tests may take longer because of them. */
  readonly extraSeconds: number
}

/** How a suite's own program is run in the guest. `@ROLE@` stands for the device of a disk role, all of them where it was given twice. */
export interface SuiteCommand {
  readonly environment: Readonly<Record<string, string>>
  readonly arguments: readonly string[]
}

/** What the suite's output says while it runs: for progress, never for the verdict. */
export type SuiteProgress =
  | { readonly kind: 'start'; readonly name: TestName }
  | { readonly kind: 'end'; readonly name: TestName; readonly status: string; readonly seconds: number | null }

/** Reads the suite's standard output as it arrives, in pieces of any size. */
export interface ProgressParser {
  feed(chunk: string): readonly SuiteProgress[]
  end(): readonly SuiteProgress[]
  /** The same as it came, before it is read: whatever bytes they are. */
  handOn?(bytes: Uint8Array): void
}

/** The suite's own program runs a batch of tests, and says when each starts. */
export interface RunnerDrive {
  readonly kind: 'runner'
  command(section: Section, tests: readonly TestName[], scale: SuiteScale): SuiteCommand
  progress(): ProgressParser
}

/** One program, which is one test. */
export interface ProgramCommand {
  readonly argv: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /** Absolute, in the guest. */
  readonly cwd: string
  /** The agent ends its session after so long, and goes on; null: only the host's limit. */
  readonly limitSeconds: number | null
}

/** A word of progress for a program's exit status. */
export type ExitWord = 'ended' | 'notrun' | 'fail'

/** The guest's agent runs one program a test: stdin closed, its own session, output and end in files of that test. */
export interface EachDrive {
  readonly kind: 'each'
  /**
   * What an exit status says while the run goes on, as the suite's own `judge` would begin to read it: 0 only `ended`, as the program may have printed
   * failures all the same.
   */
  exitWord(code: number): ExitWord
  command(
    test: CatalogueTest,
    context: { readonly section: Section; readonly scale: SuiteScale; readonly guestPath: string },
  ): ProgramCommand
}

export type Drive = RunnerDrive | EachDrive

/** What a section and its tests need of the guest. */
export interface SuiteNeeds {
  /** Checked before booting, where the kernel's configuration is known. */
  readonly kernelOptions: readonly string[]
  /** Memory of a guest in MiB: what it gets where there is room, and the least it can live with. */
  readonly memoryMiB: { readonly usual: number; readonly least: number }
  /** Tests that get a guest of their own: they suspend the machine, or starve it. */
  readonly exclusive: readonly TestName[]
  /** Disk roles that may be given more than once; their serials are numbered. */
  readonly repeatedRoles: readonly string[]
  /** Disk roles that are persistent memory instead of virtio disks, in the order of their devices. */
  readonly persistentRoles: readonly string[]
  /** The part of a sparse disk that is really written, by role; other roles: all of it. */
  readonly writtenShare: Readonly<Record<string, number>>
  /** Of a disk that is larger than this, no more is written than of one of this size. */
  readonly mostWrittenMiB: number
}

/** What of a suite's tree goes into the guest. */
export interface SuiteTree {
  /** Names at the tree's top that are no part of the suite: history, what earlier runs left behind. */
  readonly leftOut: readonly string[]
  /** A file that every run needs and building makes; absent: nothing is built. */
  readonly built?: string
}

/** How tests are chosen: by name, or by group within a section. */
export interface SuiteChoice {
  /** The group that runs where nothing was asked for. `all` is every test of every suite. */
  readonly usualGroup: string
  /** True for a whole name in the suite's grammar, whether or not there is such a test. */
  isName(text: string): boolean
  /** A word as its tests are called: without what a user may write before it (`tests/`). */
  normalize(word: string): string
  /** What a test is kept in, for groups (`DIR/GROUP`) and suggestions: `generic` of `generic/001`, `mount` of `mount:statmount`. */
  collectionOf(name: TestName): string
  /** The collection meant where only the last part of a name is given; null: none before the others. */
  readonly mainCollection: string | null
  /** Whether a group takes tests of a collection in a section. @param collections all there are */
  reaches(
    collection: string,
    choice: { readonly group: string; readonly section: Pick<Section, 'name' | 'settings'>; readonly collections: ReadonlySet<string> },
  ): boolean
}

/** A file of an attempt, kept under `kind` among its logs. */
export interface JudgedFile {
  readonly kind: string
  /** As the reader reached it. */
  readonly path: string
}

/** One time a test ran, as the evidence has it. `crashed` is the guest's to say; `timeout` is of a test that the agent ended after its limit. */
export interface JudgedAttempt {
  readonly status: 'pass' | 'expunged' | 'notrun' | 'notreached' | 'fail' | 'timeout'
  readonly seconds: number | null
  /** A failure's reasons, or the reason of a notrun or notreached. */
  readonly message: string | null
  /** The difference from the expected output, whole; the record caps it. */
  readonly diff: string | null
  readonly files: readonly JudgedFile[]
  /** True where the suite itself ran the test again because it had failed: a pass then says that it is flaky. Absent: no. */
  readonly isRerun?: boolean
  /** Results within the test, in order, and how many there were in all. */
  readonly subtests?: readonly Subtest[]
  readonly subtestCount?: number
  readonly metrics?: readonly Metric[]
}

export interface JudgedTest {
  readonly name: TestName
  /** In order; more than one where the suite ran the test again by itself. */
  readonly attempts: readonly JudgedAttempt[]
}

/** Two sources of one verdict that do not agree, as a suite sees it. */
export type SuiteDisagreement = Omit<Disagreement, 'suite'>

/** The guest's half of a suite. */
export interface SuiteGuest {
  /**
   * Folder in nix/suites whose `guest` has it: `prepare` (once a guest, before its first batch), `first-test` (when its first test starts), `run` (becomes the
   * suite's runner), read by the agent as shell; `users`, lines of /etc/passwd; `directories`, paths to be there.
   */
  readonly folder: string
  /**
   * Shell variables for those, and for the agent: `transient`, names (globs) of result files that nobody needs; `logger_word`, what the suite logs before a test's
   * name when it starts; `suite_hint`, what a person is told to try.
   */
  variables(section: Section): Readonly<Record<string, string>>
}

/** Something the suite left that says: not everything that should have been tested was, or not all that failed is known. */
export interface BatchDoubt {
  /** `unended`: so looks what ended before its time; no sign of anything where the guest died or the host ended it. */
  readonly kind: 'unended' | 'other'
  /** A sentence without its full stop. */
  readonly reason: string
}

/** What a batch left, judged. */
export interface JudgedBatch<Proof = unknown> {
  readonly tests: readonly JudgedTest[]
  readonly disagreements: readonly SuiteDisagreement[]
  /** One sentence each. */
  readonly problems: readonly string[]
  /** What speaks against taking the tests' verdicts for the whole truth: such a section could not be tested. */
  readonly doubts: readonly BatchDoubt[]
  /** Files that tell of every test of the batch, by kind, as the reader reached them. */
  readonly logs: Readonly<Record<string, string>>
  /** `uname -r` and platform of the guest, as the suite printed them. */
  readonly kernelRelease: string | null
  readonly platform: string | null
  /** What `proof` reads. */
  readonly proof: Proof
}

/** What there is of a batch to be judged. */
export interface BatchEvidence {
  /** The batch's directory: what was printed (`check.stdout`) and `results/` as the guest wrote them. Foreign, hostile or absent. */
  readonly directory: string
  readonly section: string
  /** What was handed to the guest. */
  readonly tests: readonly TestName[]
  /** Of the suite's own program; null where there is none, or the guest died first. */
  readonly exitStatus: number | null
  /** The suite's sources on the host, for expected outputs; null where there are none. */
  readonly source: string | null
}

/** A section of results that were made elsewhere. */
export interface ForeignSection {
  readonly section: Section
  readonly kernelRelease: string | null
  readonly platform: string | null
  /** What speaks against taking its verdicts for the whole truth, as a sentence; null where nothing does. */
  readonly couldNotTest: string | null
}

/** Results of the suite that were made elsewhere. */
export interface ForeignResults {
  readonly sections: readonly ForeignSection[]
  readonly tests: readonly (JudgedTest & { readonly section: string; readonly file: string })[]
  readonly disagreements: readonly SuiteDisagreement[]
  readonly problems: readonly string[]
  /** The tests in the order the suite printed them; empty without its output. */
  readonly printed: readonly { readonly section: string; readonly name: TestName }[]
  readonly startedAt: readonly string[]
  /** The same by the clock of the machine the tests ran on, as its kernel log has it: `2026-11-23T09:48:09`. */
  readonly startedAtLocal: readonly string[]
  readonly endedAt: readonly string[]
  /** Of the machine the tests ran on, where the results say it. */
  readonly machine: { readonly architecture?: string; readonly kernelRelease?: string; readonly cpus?: number; readonly memoryMiB?: number }
}

/** Sections read from a file. Problems concern only what was asked for. */
export interface NamedSections {
  readonly names: readonly string[]
  resolve(names: readonly string[]): { readonly sections: readonly Section[]; readonly problems: readonly string[] }
}

/** One test of the tree under test. */
export interface TestText {
  readonly name: TestName
  readonly groups: readonly string[]
  /** The test itself; null where it is not at hand. */
  readonly text: string | null
}

/**
 * One suite: a folder under src/suites and one in nix/suites, and a line in src/suites/index.ts. What is not optional here, a suite has.
 * Every suite passes the tests of __tests__/suites/contract.test.ts.
 */
export interface Suite<Settings = unknown, Proof = unknown> {
  readonly name: SuiteName
  /** What it is, in half a line. */
  readonly title: string
  /** Schema of `settings` in its sections. */
  readonly settings: z.ZodType<Settings>
  /**
   * Every test below a source or installed tree.
   * @throws UserError when the directory is not such a tree
   */
  enumerate(files: Pick<Files, 'list' | 'readText' | 'readBytes' | 'realPath' | 'stat'>, directory: string): Promise<Catalogue>
  /** Its tests are the kernel's own: read off the kernel that will boot, in place of a tree. */
  readonly ofKernel?: {
    /** Fragments of nix/kconfig that a kernel built from a tree gets for it. */
    readonly fragments: readonly string[]
    /** @throws UserError where the kernel has no such test, or cannot be looked into */
    enumerate(files: Pick<Files, 'list' | 'readText' | 'readBytes' | 'stat'>, kernel: VmBundle['kernel']): Promise<Catalogue>
  }
  /** Its sections that any bundle can run. @param checkout this project's own, where they are kept as data */
  builtInSections(files: Pick<Files, 'readText'>, checkout: string): Promise<readonly Section[]>
  /** What a tree in the input of its name is, for that input's help; null: it has no such input. */
  readonly tree: string | null
  /** Reads sections in a file of its own form (`local-config`). @param path for messages */
  localConfigSections?(text: string, path: string): NamedSections
  /** What of such a tree goes into the guest. */
  readonly image: SuiteTree
  /**
   * Why a tree that is given cannot be run as it is, one sentence each with its cure: it is not built, or for another architecture, or does not know a
   * test that its directories hold. Asked before anything is built. @param tests names of those that are to run
   */
  obstacles?(
    files: Pick<Files, 'list' | 'readText' | 'readBytes' | 'stat'>,
    directory: string,
    run: { readonly architecture: Architecture; readonly tests: readonly TestName[] },
  ): Promise<readonly string[]>
  readonly choice: SuiteChoice
  needs(section: Section, tests: readonly CatalogueTest[]): SuiteNeeds
  readonly drive: Drive
  tuning(scale: SuiteScale): SuiteTuning
  /**
   * How the kernel log names the test that starts: source of a regular expression with a group `name`, and one
   * `at` where it says the guest's time. It is tried on every line of the
   * log, so it has to begin with plain text.
   */
  readonly marker: string
  /** Seconds under KVM that a test without history is taken for: only for dividing work. */
  expectedSeconds(test: CatalogueTest): number
  readonly provocations: readonly Provocation[]
  /** What the tests of the tree under test provoke, read off them; `provocations` stands in for those whose text is not at hand. */
  provocationsOf?(tests: readonly TestText[]): readonly Provocation[]
  /** The verdicts of a batch. Nothing of the evidence makes it fail: what cannot be read is a problem. */
  judge(files: TreeReader, evidence: BatchEvidence): Promise<JudgedBatch<Proof>>
  /** Why what ran was not the section, or null. */
  proof?(section: Section, batches: readonly JudgedBatch<Proof>[]): string | null
  /** Reads results that were made elsewhere; null where the directory holds none of this suite. */
  readForeignDirectory?(files: TreeReader, directory: string): Promise<ForeignResults | null>
  /** Reads a log of the suite that was made elsewhere; null where the file is none. */
  readForeignLog?(files: TreeReader, path: string): Promise<ForeignResults | null>
  /** Null: the agent needs nothing of the suite's own. */
  readonly guest: SuiteGuest | null
}

/** The marker of every suite whose tests the agent runs one by one (nix/guest). */
export const EACH_MARKER = 'vmtest: test (?<name>.{1,400}) starts$'
