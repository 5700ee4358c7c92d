import { UserError } from '../domain/errors.js'
import type { CliContext } from './context.js'

/** Results are never overwritten. @throws UserError where something is in the directory that they would go into */
export async function refuseTaken(
  directory: string,
  { ports }: Pick<CliContext, 'ports'>,
  nextStep = 'Name another one with `--output`, or remove it.',
): Promise<void> {
  if ((await ports.files.list(directory).catch(() => [])).length > 0)
    throw new UserError(`The output directory ${directory} is not empty.`, nextStep)
}

/** Where the results are those of several runs. */
export const NEVER_OVERWRITTEN = 'Name another one, or remove it; results are never overwritten.'
