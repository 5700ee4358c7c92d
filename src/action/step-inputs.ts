import type { RawInputs } from '../inputs/parse.js'
import { INPUTS } from '../inputs/specification.js'
import type { Runner } from '../ports/index.js'

/**
 * The step's inputs as they were written.
 * @param leftOut those that this action does not have, by name
 */
export function stepInputs(runner: Pick<Runner, 'getInput'>, leftOut: Readonly<Record<string, unknown>> = {}): RawInputs {
  const names = INPUTS.filter(({ faces, name }) => faces.includes('action') && leftOut[name] === undefined).map(({ name }) => name)
  return Object.fromEntries(names.map((name) => [name, runner.getInput(name)]))
}
