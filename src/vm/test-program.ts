import { UserError } from '../domain/errors.js'
import type { ProgramEnd } from '../domain/program-end.js'
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
  /** What an exit status says for progress, as the suite reads it. */
  readonly exitWord: (code: number) => string
}

/** The word for a test's end while the run goes on; the verdict is made from the evidence, later. */
export function progressWord(end: ProgramEnd | null, { exitWord }: Pick<TestProgram, 'exitWord'>): string {
  if (end?.kind === 'limit') return 'timeout'
  return end?.kind === 'exit' ? exitWord(end.code) : 'fail'
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
