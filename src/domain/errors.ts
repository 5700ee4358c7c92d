/**
 * An error a person caused or can cure. The message says what happened, `nextStep` what to do about it.
 * Everything below the top-level catch throws this or returns an outcome as a value.
 */
export class UserError extends Error {
  readonly nextStep: string
  readonly kind: UserErrorKind

  /**
   * @param message what happened, naming the input, path or value at fault
   * @param nextStep what the reader does now
   * @param options `cause` keeps the original error; `kind` chooses the exit code (default `usage`)
   */
  constructor(message: string, nextStep: string, options: { cause?: unknown; kind?: UserErrorKind } = {}) {
    super(readable(message), options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'UserError'
    this.nextStep = nextStep
    this.kind = options.kind ?? 'usage'
  }
}

/** More than this many characters without a blank no person reads, and no path or name is as long. */
const LONGEST_WORD = 1000

/** A message with what somebody else wrote into it: its overlong words are cut, with their length. */
function readable(message: string): string {
  if (message.length <= LONGEST_WORD) return message
  return message
    .split(/(\s+)/)
    .map((word) => (word.length > LONGEST_WORD ? `${word.slice(0, 100)}…${word.slice(-20)} (${word.length} characters)` : word))
    .join('')
}

/**
 * `usage`: what was asked for cannot be right (exit 2).
 * `could-not-test`: the world stood in the way: no QEMU, no disk, no network (exit 69).
 * `build-failed`: the kernel or the VM does not build (exit 65).
 */
export type UserErrorKind = 'usage' | 'could-not-test' | 'build-failed'

/** Marks a switch as exhaustive: adding a member to the union makes the call a type error. */
export function assertNever(value: never, what: string): never {
  throw new Error(`unexpected ${what}: ${JSON.stringify(value)}`)
}

/** Where a program that failed says why: the last line of what it printed. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

/** Control characters other than tab and line feed: programs' messages can hold any (Nix 2.8 prints raw bytes when exec fails). */
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g

/** The text of anything thrown, with its chain of causes, fit for a terminal and a file command. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).replace(CONTROL, '\ufffd')
  const cause = error.cause === undefined ? '' : ` (${describeError(error.cause)})`
  return `${error.message}${cause}`.replace(CONTROL, '\ufffd')
}
