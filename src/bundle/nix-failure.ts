import { UserError } from '../domain/errors.js'
import { describeErrors, readCompilerMessages } from '../kernel/compiler-messages.js'
import { type BuilderLog, storeName } from './nix-log.js'
import { knownProblem } from './nix-problems.js'

/** What a failed `nix build` left behind. */
export interface NixFailure {
  /** As given to Nix: `.#vmtest`. */
  readonly installable: string
  readonly errors: readonly string[]
  readonly logs: readonly BuilderLog[]
  /** Where the whole log was written, where it was. */
  readonly logPath: string | null
  readonly exitCode: number | null
  /** What was printed beside errors and builders' output: warnings, and what programs that Nix runs (git) said themselves. */
  readonly messages?: readonly string[]
  /** True for a bundle of the host's own programs, which builders have to be shown. */
  readonly hostPrograms?: boolean
  /** Attributes the flake does have, where the one asked for is missing and they could be read. */
  readonly available?: readonly string[] | null
  /** The derivation whose build was ended by us after its first error; absent or null: none was. */
  readonly ended?: string | null
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

/** A builder whose program is not in the sandbox: newer Nix says whose setting it passed over, 2.8 that it cannot start it. */
const PASSED_OVER = /ignoring the [a-z-]+ setting 'sandbox-paths'/
const NOT_STARTED = /executing '(\/[^']+)': No such file or directory/

/**
 * A builder that cannot be started. A bundle made of the host's programs needs them shown to builders, which a daemon does only for whom it trusts;
 * any other derivation names a program that the sandbox of this Nix does not have (Debian's has no /bin/sh).
 */
function notStarted(failure: NixFailure): UserError | null {
  const everything = [...failure.errors, ...failure.logs.flatMap(({ lines }) => lines.slice(-LAST_LINES))].join('\n')
  const program = NOT_STARTED.exec(everything)?.[1]
  if (failure.hostPrograms === true && (program !== undefined || PASSED_OVER.test(everything))) {
    return new UserError(
      `\`${failure.installable}\` is built with this machine's own programs, and the Nix daemon does not let this user show them to builders.`,
      'Add the user to `trusted-users` in the nix.conf of the daemon (/etc/nix/nix.conf) and restart it; root needs no such line.',
      { kind: 'could-not-test' },
    )
  }
  if (program === undefined) return null
  const name = storeName(failedBuild(failure.errors)?.derivation ?? failure.installable)
  return new UserError(
    `${name} cannot be built: its builder is ${program}, which the sandbox of this Nix does not have.`,
    `Show it one, a static shell for /bin/sh: \`extra-sandbox-paths = ${program}=/bin/busybox\` in nix.conf; or name a program of the store in the derivation.`,
    { kind: 'could-not-test' },
  )
}

function buildFailed({ derivation, said }: FailedBuild, failure: NixFailure): UserError {
  const log = failure.logs.find((one) => one.derivation === derivation)
  const lines = log?.lines ?? []
  const messages = readCompilerMessages(lines)
  const errors = describeErrors(messages)
  const name = storeName(derivation)
  const what = /^linux(-|$)/.test(name) ? 'The kernel does not build' : `${name} does not build`
  const whole = failure.logPath === null ? `\`nix log ${derivation}\`` : failure.logPath
  const first = messages.find(({ level }) => level === 'error')
  const ending = first === undefined ? [said, ...lines.slice(-LAST_LINES)].join('\n') : first.text
  const cause = OUTSIDE_CAUSES.find(({ pattern }) => pattern.test(ending))
  if (cause !== undefined) {
    return new UserError(`${name} could not be built: ${cause.what}.${lastLines(log)}`, cause.nextStep, { kind: 'could-not-test' })
  }
  const rest = failure.ended === derivation ? 'The rest of the build was ended; `--keep-going` lets it go on. ' : ''
  return new UserError(`${what}${errors === null ? `.${lastLines(log)}` : `: ${errors}`}`, `${rest}The whole log: ${whole}`, {
    kind: 'build-failed',
  })
}

/** The error a person gets for a failed `nix build`: the first compiler error on top, or the cure of a known problem. */
export function explainFailure(failure: NixFailure): UserError {
  const unstarted = notStarted(failure)
  if (unstarted !== null) return unstarted
  const ended = failure.ended ?? null
  const failed = ended === null ? failedBuild(failure.errors) : { derivation: ended, said: '' }
  if (failed !== null) return buildFailed(failed, failure)
  const everything = [...(failure.messages ?? []), ...failure.errors].join('\n')
  const known = knownProblem(everything, failure)
  if (known !== null) return known
  const said =
    failure.errors.join('').trim() === ''
      ? `it exited with ${failure.exitCode ?? 'a signal'} and said nothing`
      : failure.errors.join('\n').trim()
  return new UserError(
    `Nix cannot build \`${failure.installable}\`: ${said}`,
    `Try it by hand: \`nix build ${failure.installable} --show-trace\`.`,
    { kind: 'build-failed' },
  )
}
