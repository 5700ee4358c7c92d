import { join } from 'node:path'
import { UserError } from '../../domain/errors.js'
import { parseHistory, renderPast, testPast } from '../../results/index.js'
import type { AddCommand } from '../context.js'

/** `vmtest history TEST`: what became of a test in earlier runs. */
export const historyCommand: AddCommand = (program, context) => {
  program
    .command('history')
    .description('print what became of a test in earlier runs, and how long it took')
    .argument('<test>', 'a test such as generic/001, or SUITE:TEST')
    .option('--file <history.json>', 'a history file; default: that of the working directory')
    .option('--json', 'print JSON')
    .action(async (test: string, options: { file?: string; json?: boolean }) => {
      const path = options.file ?? join(context.places.projectDirectory, '.vmtest/history.json')
      if ((await context.ports.files.stat(path)) === null) {
        throw new UserError(`There is no history at ${path}.`, 'It is written by `vmtest run`; name another with `--file`.')
      }
      const { history, problem } = parseHistory(await context.ports.files.readText(path))
      if (problem !== null) throw new UserError(problem, 'Remove the file; the next run starts a new one.')
      const pasts = testPast(history, test)
      context.stdout.write(options.json === true ? `${JSON.stringify(pasts)}\n` : renderPast(pasts))
    })
}
