import { CommanderError } from 'commander'
import { describeError, UserError } from '../domain/errors.js'
import type { CliContext } from './context.js'
import { EXIT, exitCodeOfError } from './exit-codes.js'

/** Prints what was thrown, with what to do about it. @returns the exit code */
export function reportError(error: unknown, { stderr }: CliContext): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.passed : EXIT.usage
  if (error instanceof UserError) {
    stderr.write(`vmtest: ${describeError(error)}\n        ${error.nextStep}\n`)
    return exitCodeOfError(error.kind)
  }
  stderr.write(`vmtest: ${describeError(error)}\n        This is a defect of kernel-vmtest; please report it with the lines below.\n`)
  if (error instanceof Error && error.stack !== undefined) stderr.write(`${error.stack}\n`)
  return EXIT.couldNotTest
}
