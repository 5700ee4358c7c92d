import { CommanderError } from 'commander'
import { describeError, UserError } from '../domain/errors.js'
import { fromFileSystem } from '../domain/file-system-errors.js'
import { wrapText } from '../report/wrap.js'
import type { CliContext } from './context.js'
import { EXIT, exitCodeOfError } from './exit-codes.js'

const INDENT = ' '.repeat('vmtest: '.length)

/** Prints what was thrown, with what to do about it. @returns the exit code */
export function reportError(thrown: unknown, { stderr, signal }: CliContext): number {
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? EXIT.passed : EXIT.usage
  const wrapped = (text: string) => (stderr.isTerminal ? wrapText(text, stderr.columns) : text)
  const error = fromFileSystem(thrown) ?? thrown
  if (error instanceof UserError) {
    stderr.write(wrapped(`vmtest: ${describeError(error)}\n${INDENT}${error.nextStep}\n`))
    // What fails after an interruption fails because of it.
    return signal.aborted ? EXIT.cancelled : exitCodeOfError(error.kind)
  }
  stderr.write(`vmtest: ${describeError(error)}\n${INDENT}This is a defect of kernel-vmtest; please report it with the lines below.\n`)
  if (error instanceof Error && error.stack !== undefined) stderr.write(`${error.stack}\n`)
  return EXIT.couldNotTest
}
