import { UserError } from '../domain/errors.js'
import type { CliContext } from './context.js'

/** Results are never overwritten. @throws UserError where something is in the directory that they would go into */
export async function refuseTaken(directory: string, { ports }: Pick<CliContext, 'ports'>): Promise<void> {
  if ((await ports.files.list(directory).catch(() => [])).length > 0)
    throw new UserError(`The output directory ${directory} is not empty.`, 'Name another one with `--output`, or remove it.')
}
