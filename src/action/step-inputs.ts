import { UserError } from '../domain/errors.js'
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

/** A number that a step was given. @throws UserError for another word, or one that is out of bounds */
export function wholeNumber(name: string, value: string, least: number, most: number): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (number >= least && number <= most) return number
  throw new UserError(
    `\`${name}\` is \`${value}\`; allowed: a whole number from ${least} to ${most}.`,
    'Correct the `with:` block of the step.',
  )
}
