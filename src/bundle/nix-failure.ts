import { UserError } from '../domain/errors.js'
import { type CompilerMessage, formatMessage, readCompilerMessages } from '../kernel/compiler-messages.js'
import { type BuilderLog, storeName } from './nix-log.js'

/** What a failed `nix build` left behind. */
export interface NixFailure {
  /** As given to Nix: `.#vmtest`. */
  readonly installable: string
  readonly errors: readonly string[]
  readonly logs: readonly BuilderLog[]
  /** Where the whole log was written, where it was. */
  readonly logPath: string | null
  readonly exitCode: number | null
  /** Attributes the flake does have, where the one asked for is missing and they could be read. */
  readonly available?: readonly string[] | null
}

/** The system whose package is missing, from Nix's message; null where nothing is missing. */
export function missingAttributeSystem(errors: readonly string[]): string | null {
  return /does not provide attribute '[^']*?packages\.([^.']+)\./.exec(errors.join('\n'))?.[1] ?? null
}

const LAST_LINES = 15

interface FailedBuild {
  readonly derivation: string
  /** Nix's message. */
  readonly said: string
}

/** The derivation whose own builder failed, from Nix's wording: 2.8 to 2.30, then 2.31 and later. */
export function failedBuild(errors: readonly string[]): FailedBuild | null {
  for (const error of errors) {
    const match = /builder for '([^']+\.drv)' failed/.exec(error) ?? /Cannot build '([^']+\.drv)'\.\s+Reason: builder /.exec(error)
    if (match?.[1] !== undefined) return { derivation: match[1], said: error }
  }
  return null
}

function having(available: readonly string[] | null | undefined): string {
  if (available === null || available === undefined) return ''
  return available.length === 0 ? '; it has no packages' : `; it has: ${available.join(', ')}`
}

interface KnownProblem {
  readonly pattern: RegExp
  readonly explain: (match: RegExpExecArray, failure: NixFailure) => UserError
}

/** Messages of `nix` that have a better name and a cure. The first that fits is used. */
const KNOWN_PROBLEMS: readonly KnownProblem[] = [
  {
    pattern: /flake '([^']*)' does not provide attribute ([^\n]*)/,
    explain: (match, failure) =>
      new UserError(
        `\`${failure.installable}\` does not exist: the flake ${match[1]} has no such attribute${having(failure.available)}.`,
        'Name one the flake has with `--attribute` (input `attribute`); `nix flake show` lists them.',
      ),
  },
  {
    // A git flake whose flake.nix git does not know: 2.8 stats the copied source, newer Nix says it outright.
    pattern:
      /(?:source'? ?does not contain a '?[^\n]*flake\.nix|\/flake\.nix' (?:is not tracked by Git|does not exist)|-source\/flake\.nix': No such file|not tracked by Git)/,
    explain: (_match, failure) =>
      new UserError(
        `Nix finds no flake.nix for \`${failure.installable}\`. In a git tree it sees only files git knows.`,
        'Write one of your own with `vmtest init`, which git need not know; one that is there and meant for everybody is added with `git add -f flake.nix`.',
      ),
  },
  {
    pattern:
      /(?:could not find a flake\.nix file|is not a flake|is not part of a flake|getting status of '[^']*': No such file|does not contain a '?flake\.nix|path '([^']*)' does not exist)/,
    explain: (_match, failure) =>
      new UserError(`There is no flake at \`${failure.installable}\`.`, 'Write one with `vmtest init`, or name another with `--flake`.'),
  },
  {
    pattern: /is not owned by current user/,
    explain: (_match, failure) =>
      new UserError(
        `git refuses \`${failure.installable}\`: the tree belongs to another user.`,
        "Run `git config --global --add safe.directory DIRECTORY` with the tree's directory.",
        { kind: 'could-not-test' },
      ),
  },
  {
    pattern: /No space left on device/,
    explain: (_match, failure) =>
      new UserError(
        `The disk is full while building \`${failure.installable}\`.`,
        'Free space (`nix-collect-garbage`), or move /nix to a larger disk.',
        {
          kind: 'could-not-test',
        },
      ),
  },
  {
    pattern: /(?:unable to download '([^']*)'|Could(?:n't| not) resolve host[^\n]*|Failed to connect to [^\n]*)/,
    explain: (match, failure) =>
      new UserError(
        `Nix could not download what \`${failure.installable}\` needs: ${match[0]}.`,
        'Check the network and the substituters, and try again. `--bundle offline` (with `--kernel-tree .` in a kernel tree) downloads next to nothing.',
        { kind: 'could-not-test' },
      ),
  },
]

function lastLines(log: BuilderLog | undefined): string {
  if (log === undefined || log.lines.length === 0) return ''
  return `\nIts last lines:\n${log.lines
    .slice(-LAST_LINES)
    .map((line) => `  ${line}`)
    .join('\n')}`
}

/** What ends a builder through no fault of what it builds, in its own words. */
const OUTSIDE_CAUSES: readonly { readonly pattern: RegExp; readonly what: string; readonly nextStep: string }[] = [
  {
    pattern: /No space left on device/,
    what: 'the disk is full',
    nextStep: 'Free space (`nix-collect-garbage`), or move /nix and the build directory to a larger disk.',
  },
  {
    pattern: /Killed signal terminated program|failed due to signal 9\b|Cannot allocate memory/,
    what: 'it was killed, most likely for lack of memory',
    nextStep: 'Let fewer builds and compilers run at once (`max-jobs`, `cores` in nix.conf), or use a machine with more memory.',
  },
  {
    pattern: /unable to download '[^']*'|Could(?:n't| not) resolve host|Failed to connect to/,
    what: 'a download failed',
    nextStep: 'Check the network and the substituters, and try again.',
  },
]

/** A builder whose shell is not in the sandbox: newer Nix says whose setting it passed over, 2.8 that it cannot start it. */
const HOST_HIDDEN = /ignoring the [a-z-]+ setting 'sandbox-paths'|executing '\/bin\/(?:ba)?sh': No such file or directory/

/** A bundle made of the host's programs, and a daemon that shows builders none of them. Null where that is not what happened. */
function hostHidden(failure: NixFailure): UserError | null {
  const everything = [...failure.errors, ...failure.logs.flatMap(({ lines }) => lines.slice(-LAST_LINES))].join('\n')
  if (!HOST_HIDDEN.test(everything)) return null
  return new UserError(
    `\`${failure.installable}\` is built with this machine's own programs, and the Nix daemon does not let this user show them to builders.`,
    'Add the user to `trusted-users` in the nix.conf of the daemon (/etc/nix/nix.conf) and restart it; root needs no such line.',
    { kind: 'could-not-test' },
  )
}

function buildFailed({ derivation, said }: FailedBuild, failure: NixFailure): UserError {
  const log = failure.logs.find((one) => one.derivation === derivation)
  const lines = log?.lines ?? []
  const errors = readCompilerMessages(lines).filter((one) => one.level === 'error')
  const name = storeName(derivation)
  const what = /^linux(-|$)/.test(name) ? 'The kernel does not build' : `${name} does not build`
  const whole = failure.logPath === null ? `\`nix log ${derivation}\`` : failure.logPath
  const ending = errors.length === 0 ? [said, ...lines.slice(-LAST_LINES)].join('\n') : (errors[0]?.text ?? '')
  const cause = OUTSIDE_CAUSES.find(({ pattern }) => pattern.test(ending))
  if (cause !== undefined) {
    return new UserError(`${name} could not be built: ${cause.what}.${lastLines(log)}`, cause.nextStep, { kind: 'could-not-test' })
  }
  return new UserError(`${what}${reason(errors) ?? `.${lastLines(log)}`}`, `The whole log: ${whole}`, { kind: 'build-failed' })
}

/** The first error says it; what a compiler and make print around it would only bury it. Null where no compiler spoke. */
function reason(errors: readonly CompilerMessage[]): string | null {
  const [first, ...others] = errors
  if (first === undefined) return null
  const more = others.length === 0 ? '' : ` (and ${others.length} more ${others.length === 1 ? 'error' : 'errors'})`
  return `: ${formatMessage(first)}${more}.`
}

/** The error a person gets for a failed `nix build`: the first compiler error on top, or the cure of a known problem. */
export function explainFailure(failure: NixFailure): UserError {
  const hidden = hostHidden(failure)
  if (hidden !== null) return hidden
  const failed = failedBuild(failure.errors)
  if (failed !== null) return buildFailed(failed, failure)
  const everything = failure.errors.join('\n')
  for (const { pattern, explain } of KNOWN_PROBLEMS) {
    const match = pattern.exec(everything)
    if (match !== null) return explain(match, failure)
  }
  const said = everything.trim() === '' ? `it exited with ${failure.exitCode ?? 'a signal'} and said nothing` : everything.trim()
  return new UserError(
    `Nix cannot build \`${failure.installable}\`: ${said}`,
    `Try it by hand: \`nix build ${failure.installable} --show-trace\`.`,
    { kind: 'build-failed' },
  )
}
