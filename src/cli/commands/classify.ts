import { resolve } from 'node:path'
import { classifyChunks } from '../../crash/index.js'
import { UserError } from '../../domain/errors.js'
import { suites } from '../../suites/index.js'
import type { AddCommand } from '../context.js'

/** `vmtest classify [FILE] [--json]`: the kernel's reports in any console log. */
export const classifyCommand: AddCommand = (program, context) => {
  program
    .command('classify')
    .description('find the kernel’s reports (panics, warnings, KASAN, lockdep, hung tasks, …) in a console log')
    .argument('[file]', 'the log; absent or `-`: standard input')
    .option('--json', 'one JSON object a line: kind, title, fatal, firstLine, lastLine, test')
    .addHelpText('after', '\nExamples:\n  vmtest classify console.log\n  dmesg | vmtest classify --json')
    .action(async (file: string | undefined, options: { json?: boolean }) => {
      let found = 0
      for await (const report of classifyChunks(await open(file), { suites: Object.values(suites) })) {
        found++
        const owner = report.test === null ? '' : ` (in ${report.test})`
        const text = options.json
          ? JSON.stringify(report)
          : `${report.firstLine}-${report.lastLine}: ${report.title}${owner}${report.fatal ? ' [fatal]' : ''}`
        context.stdout.write(`${text}\n`)
      }
      if (found === 0 && options.json !== true) context.stderr.write('no kernel report found\n')
    })

  async function open(file: string | undefined): Promise<AsyncIterable<Uint8Array>> {
    if (file === undefined || file === '-') return context.stdin
    const path = resolve(context.places.workingDirectory, file)
    if ((await context.ports.files.stat(path)) === null)
      throw new UserError(`There is no file ${path}.`, 'Name a console log, or give it on standard input.')
    return context.ports.files.stream(path)
  }
}
