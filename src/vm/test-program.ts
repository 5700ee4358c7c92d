import { UserError } from '../domain/errors.js'
import { testFileName } from '../domain/test-file.js'

/** One test as a program of its own, run by the guest's agent (`drive: each`). */
export interface TestProgram {
  readonly name: string
  /** `@ROLE@` stands for no device here, in the environment it does. */
  readonly argv: readonly string[]
  /** On top of what every test finds (docs/reference/guest.md). */
  readonly environment: Readonly<Record<string, string>>
  readonly directory: string
  /** Then its processes are ended and the guest goes on; null or 0: only the watchdog ends it, and the guest with it. */
  readonly limitSeconds: number | null
}

/** How a test that is a program ended, as the agent wrote it into FILE.status. */
export type ProgramEnd =
  | { readonly kind: 'exit'; readonly code: number }
  /** An exit status above 128 is told so, as shells do. */
  | { readonly kind: 'signal'; readonly signal: number }
  /** It did not end in time. */
  | { readonly kind: 'limit'; readonly seconds: number }

/** Reads a status file; null for anything the agent does not write. */
export function parseProgramEnd(text: string): ProgramEnd | null {
  const match = /^(exit|signal|limit) (\d{1,9})\n?$/.exec(text)
  const number = Number(match?.[2])
  if (match?.[1] === 'exit') return number <= 255 ? { kind: 'exit', code: number } : null
  if (match?.[1] === 'signal') return number >= 1 && number <= 127 ? { kind: 'signal', signal: number } : null
  return match?.[1] === 'limit' ? { kind: 'limit', seconds: number } : null
}

/** The word for a test's end while it goes on; the verdict is made from the evidence, later. 4 is kselftest's word for a skip. */
export function progressWord(end: ProgramEnd | null): string {
  if (end?.kind === 'limit') return 'timeout'
  if (end?.kind !== 'exit') return 'fail'
  return end.code === 0 ? 'pass' : end.code === 4 ? 'notrun' : 'fail'
}

/** Stands for a newline where a value is one line. */
const NEWLINE = '\u0001'

/**
 * The lines of a batch of programs, as nix/guest/each reads them.
 * @throws UserError for a value that cannot be handed over
 */
export function programLines(programs: readonly TestProgram[]): string {
  return programs.map(blockOf).join('')
}

function blockOf({ name, argv, environment, directory, limitSeconds }: TestProgram): string {
  return [
    `t ${value('a test', name)}`,
    `f ${testFileName(name)}`,
    ...(limitSeconds === null || limitSeconds <= 0 ? [] : [`l ${Math.ceil(limitSeconds)}`]),
    `w ${value('a directory', directory)}`,
    ...Object.entries(environment).map(([variable, text]) => `e ${variable}=${value(variable, text)}`),
    ...argv.map((word) => `a ${value('a word of a command', word)}`),
    'x',
    '',
  ].join('\n')
}

function value(what: string, text: string): string {
  if (!/[\0\u0001]/.test(text)) return text.replaceAll('\n', NEWLINE)
  throw new UserError(`${what} is ${JSON.stringify(text)}: the bytes 0 and 1 cannot be handed to the guest.`, 'Leave them out.')
}
