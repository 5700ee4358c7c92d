import type { Disagreement } from '../domain/record.js'
import type { Section } from '../domain/section.js'
import type { Catalogue, SuiteName, TestName } from '../domain/test.js'
import type { Files } from '../ports/index.js'

/** Multipliers for a slow machine, as fstests names them. */
export interface SuiteScale {
  /** TIME_FACTOR and the base of every time limit; 1 under KVM. */
  readonly timeFactor: number
  readonly loadFactor: number
  /** SOAK_DURATION in seconds, or null for the suite's own. */
  readonly soakSeconds: number | null
}

/** How a suite is run in the guest. */
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

/** One suite: a folder under src/suites and a Nix module. Adding a suite is adding one of these. */
export interface Suite {
  readonly name: SuiteName
  /**
   * Every test below a source or installed tree.
   * @throws UserError when the directory is not such a tree
   */
  readCatalogue(files: Pick<Files, 'list' | 'readText' | 'stat'>, directory: string): Promise<Catalogue>
  /** Its sections that any bundle can run. @param checkout this project's own, where they are kept as data */
  builtInSections(files: Pick<Files, 'readText'>, checkout: string): Promise<readonly Section[]>
  command(section: Section, tests: readonly TestName[], scale: SuiteScale): SuiteCommand
  progressParser(): ProgressParser
  /** Null: the agent needs nothing of the suite's own. */
  readonly guest: SuiteGuest | null
}
