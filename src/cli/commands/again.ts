import { parseInputs } from '../../inputs/parse.js'
import { inputsAgain } from '../../plan/again.js'
import type { AddCommand } from '../cli.js'
import { chooseRun, readRun } from '../read-run.js'
import { runInputs } from './run.js'

/** `vmtest again`: what failed in the last run, with the same inputs. */
export const againCommand: AddCommand = (program, context, finish) => {
  program
    .command('again')
    .description('run again what failed in the last run, or was not reached, with the same inputs')
    .option('--run <directory>', 'the run; default: the last one below .vmtest/runs')
    .addHelpText('after', '\nExamples:\n  vmtest again\n  vmtest again --run .vmtest/runs/2026-01-31T120000Z')
    .action(async (options: { run?: string }) => {
      const directory = await chooseRun(options.run, context)
      const inputs = inputsAgain(await readRun(directory, context), parseInputs('cli', {}))
      context.stderr.write(`again: ${inputs.selection.only?.length ?? 'all'} of ${directory}\n`)
      finish(await runInputs(inputs, context))
    })
}
