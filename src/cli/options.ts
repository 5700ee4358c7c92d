import { type Command, Option } from 'commander'
import type { RawInputs } from '../inputs/parse.js'
import { INPUTS, type InputSpecification } from '../inputs/specification.js'

/** Adds the options of every input the command line has, from the one table. */
export function addInputOptions(command: Command): Command {
  for (const input of INPUTS) if (input.faces.includes('cli')) command.addOption(optionOf(input))
  return command
}

function optionOf(input: InputSpecification): Option {
  const description =
    input.default === '' || input.kind === 'boolean' ? input.description : `${input.description} (default: ${input.default})`
  const option = new Option(flagOf(input), description)
  // Repeatable, one value each: a variadic option would swallow the tests that follow.
  if (input.kind === 'list' || input.kind === 'words')
    option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
  return option
}

function flagOf(input: InputSpecification): string {
  if (input.flag !== undefined) return input.flag
  if (input.kind === 'boolean') return input.default === 'true' ? `--no-${input.name}` : `--${input.name}`
  return input.kind === 'choice' ? `--${input.name} <${input.choices.join('|')}>` : `--${input.name} <${placeholder(input)}>`
}

function placeholder(input: InputSpecification): string {
  return input.kind === 'integer' ? (input.auto ? 'number|auto' : 'number') : 'value'
}

/** What commander read, as raw inputs by name; `tests` are the operands. */
export function rawInputs(options: Readonly<Record<string, unknown>>, tests: readonly string[]): RawInputs {
  const raw: Record<string, string> = { tests: tests.join('\n') }
  for (const input of INPUTS) {
    if (!input.faces.includes('cli')) continue
    const value = options[optionOf(input).attributeName()]
    if (value === undefined) continue
    raw[input.name] = Array.isArray(value) ? value.join('\n') : String(value)
  }
  return raw
}
