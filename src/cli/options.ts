import { type Command, Option } from 'commander'
import type { RawInputs } from '../inputs/parse.js'
import { INPUTS, type InputSpecification, SUBJECT } from '../inputs/specification.js'

/** The ten that people use first. */
const FIRST = ['sections', 'groups', 'exclude-groups', 'fstests', 'kernel-tree', 'kconfig', 'bundle', 'rerun-failed', 'vms', 'output']
const CHOOSING = ['suite', 'local-config', 'tests', 'exclude-files', 'expectations', 'kselftest-targets']
const JUDGING = ['fail-on', 'lost-tests', 'baseline', 'ab-proof', 'base-bundle']

/** Headings of `--help`, in order. */
export const HEADINGS = {
  first: 'Used first:',
  choice: 'Which tests:',
  subject: 'What is tested:',
  how: 'How it runs:',
  verdict: 'What counts as a failure:',
} as const

/** What a command makes of the inputs: `run` all; `list` and `shell` what they have a meaning in. */
export type OptionUse = 'run' | 'list' | 'shell'

/** Of those that say how a run goes, what a single guest has. */
const OF_A_GUEST = ['accelerator', 'memory', 'cpus', 'disk-size', 'emulation-tuning']
/** Of those that say what is tested, what chooses among tests. */
const OF_TESTS = ['groups', 'exclude-groups', 'exclude-files', 'expectations', 'keep-going']

function isMeant(input: InputSpecification, use: OptionUse): boolean {
  if (!input.faces.includes('cli')) return false
  if (use === 'run') return true
  if (use === 'list') return SUBJECT.has(input.name)
  return OF_A_GUEST.includes(input.name) || (SUBJECT.has(input.name) && !OF_TESTS.includes(input.name))
}

/**
 * Adds the options of the inputs that the command line has, from the one table, those used first on top. `list` takes all that `run` does, so that
 * a line of one is a line of the other, and shows what matters to it.
 */
export function addInputOptions(command: Command, use: OptionUse = 'run'): Command {
  const inputs = INPUTS.filter((input) => isMeant(input, use === 'list' ? 'run' : use))
  const isFirst = ({ name }: InputSpecification) => FIRST.includes(name)
  const sorted = [
    ...FIRST.flatMap((name) => inputs.find((input) => input.name === name) ?? []),
    ...inputs.filter((input) => !isFirst(input)),
  ]
  for (const input of sorted) command.addOption(optionOf(input).helpGroup(headingOf(input)).hideHelp(!isMeant(input, use)))
  return command
}

function headingOf({ name }: InputSpecification): string {
  if (FIRST.includes(name)) return HEADINGS.first
  if (CHOOSING.includes(name)) return HEADINGS.choice
  if (JUDGING.includes(name)) return HEADINGS.verdict
  return SUBJECT.has(name) ? HEADINGS.subject : HEADINGS.how
}

function optionOf(input: InputSpecification): Option {
  const option = new Option(flagOf(input), descriptionOf(input))
  // Repeatable, one value each: a variadic option would swallow the tests that follow.
  if (input.kind === 'list' || input.kind === 'words')
    option.argParser((value: string, before: readonly string[] | undefined) => [...(before ?? []), value])
  return option
}

function descriptionOf(input: InputSpecification): string {
  if (input.kind === 'boolean') return input.without ?? input.description
  return input.default === '' ? input.description : `${input.description} (default: ${input.default})`
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
