import { describeMissing, ensureHostTools, missingPrograms } from '../../bundle/index.js'
import { parseInputs } from '../../inputs/parse.js'
import type { AddCommand } from '../context.js'
import { runInputs } from './run.js'

/** `vmtest demo`: from a bare clone to a verdict, with what a Debian or Ubuntu machine offers. */
export const demoCommand: AddCommand = (program, context, finish) => {
  program
    .command('demo')
    .description('install what is missing (Debian, Ubuntu), build a VM of this machine’s own programs, run the smoke suite on XFS and ext4')
    .option('--no-install', 'only print the command that installs what is missing')
    .option('-o, --output <directory>', 'where results go')
    .option('--accelerator <auto|kvm|tcg>', 'as for `run`')
    .option('--vms <number|auto>', 'as for `run`')
    .action(async (options: { install: boolean; output?: string; accelerator?: string; vms?: string }) => {
      const tools = await ensureHostTools(context.ports, { install: options.install })
      if (tools.command !== null && !tools.installed) {
        context.stdout.write(`${tools.command}\n`)
        return
      }
      for (const line of describeMissing(await missingPrograms(null, context.ports))) context.stdout.write(`${line}\n`)
      const { output, accelerator, vms } = options
      finish(
        await runInputs(parseInputs('cli', { bundle: 'offline', suite: 'smoke', sections: 'xfs ext4', output, accelerator, vms }), context),
      )
    })
}
