import type { Inputs } from '../../domain/inputs.js'
import { parseInputs } from '../../inputs/parse.js'
import { inputsAgain } from '../../plan/again.js'
import type { AddCommand } from '../context.js'
import { chooseRun, lastRunWithTests, readRun } from '../read-run.js'
import { runInputs } from './run.js'

/** Which tests, by name as far as a line holds them. */
function whatAgain({ selection: { only } }: Inputs, planned: number): string {
  if (only === undefined) return 'all'
  const shown = only.slice(0, 5).map(({ section, name }) => `${section} ${name}`)
  const rest = only.length - shown.length
  return `${shown.join(', ')}${rest > 0 ? ` and ${rest} more` : ''} (${only.length} of ${planned} tests)`
}

/** `vmtest again`: what failed in the last run, with the same inputs. */
export const againCommand: AddCommand = (program, context, finish) => {
  program
    .command('again')
    .description('run again what failed in the last run, or was not reached, with the same inputs')
    .option('--run <directory>', 'the run; default: the last one below .vmtest/runs that chose tests and has ended')
    .addHelpText('after', '\nExamples:\n  vmtest again\n  vmtest again --run .vmtest/runs/2026-01-31T120000Z')
    .action(async (options: { run?: string }) => {
      const { directory, passedOver } =
        options.run === undefined ? await lastRunWithTests(context) : { directory: await chooseRun(options.run, context), passedOver: [] }
      for (const reason of passedOver) context.stderr.write(`again: ${reason}, and is passed over\n`)
      const record = await readRun(directory, context)
      const inputs = inputsAgain(record, parseInputs('cli', {}))
      context.stderr.write(`again: ${whatAgain(inputs, record.tests.length)} of ${directory}\n`)
      finish(await runInputs(inputs, context))
    })
}
