import { expectationLines } from '../../plan/expectation-lines.js'
import type { AddCommand } from '../context.js'
import { chooseRun, readRun } from '../read-run.js'

/** `vmtest expectations [RUN]`: a run's failures as lines of an expectations file. */
export const expectationsCommand: AddCommand = (program, context) => {
  program
    .command('expectations')
    .description('print an `xfail` line for each failure of a run, its reason left for you to write')
    .argument('[run]', 'a run’s directory; default: the last run')
    .addHelpText('after', '\nWrite a reason behind each ` -- `: a list with an empty one is refused.')
    .action(async (run: string | undefined) => {
      const record = await readRun(await chooseRun(run, context), context)
      const lines = expectationLines(record)
      context.stdout.write(lines.map((line) => `${line}\n`).join(''))
      if (lines.length === 0) context.stderr.write('Nothing failed in that run.\n')
    })
}
