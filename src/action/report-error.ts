import { describeError, UserError } from '../domain/errors.js'
import type { Runner } from '../ports/index.js'

/** Ends the step red, with what happened and what to do about it, and says so in the outputs. */
export function reportError(runner: Runner, error: unknown): void {
  const conclusion = error instanceof UserError && error.kind === 'build-failed' ? 'build-failed' : 'could-not-test'
  runner.setOutput('conclusion', conclusion)
  runner.setOutput('reason', describeError(error))
  if (error instanceof UserError) {
    runner.setFailed(`${describeError(error)}\n${error.nextStep}`)
    return
  }
  runner.setFailed(`${describeError(error)}\nThis is a defect of kernel-vmtest; please report it with the log of this step.`)
  if (error instanceof Error && error.stack !== undefined) runner.info(error.stack)
}
