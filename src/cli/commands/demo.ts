import { describeMissing, ensureHostTools, missingPrograms } from '../../bundle/index.js'
import { parseInputs } from '../../inputs/parse.js'
import type { AddCommand } from '../context.js'
import { runInputs } from './run.js'

interface DemoOptions {
  readonly install: boolean
  readonly output?: string
  readonly accelerator?: string
  readonly vms?: string
  readonly architecture?: string
}

/** `vmtest demo`: from a bare clone to a verdict, with what a Debian or Ubuntu machine offers. */
export const demoCommand: AddCommand = (program, context, finish) => {
  program
    .command('demo')
    .description('install what is missing (Debian, Ubuntu), build a VM of this machine’s own programs, run the smoke suite on XFS and ext4')
    .option('--no-install', 'only print the command that installs what is missing')
    .option('-o, --output <directory>', 'where results go')
    .option('--accelerator <auto|kvm|tcg>', 'as for `run`')
    .option('--vms <number|auto>', 'as for `run`')
    .option('--architecture <auto|x86_64|aarch64>', 'as for `run`: another than the machine’s is made of packages and emulated')
    .action(async (options: DemoOptions) => {
      const { output, accelerator, vms, architecture } = options
      // What is wrong with it is said before anything is installed.
      const inputs = parseInputs('cli', { bundle: 'offline', suite: 'smoke', sections: 'xfs ext4', output, accelerator, vms, architecture })
      const guest = inputs.bundle.kind === 'offline' ? inputs.bundle.architecture : undefined
      const tools = await ensureHostTools(context.ports, { install: options.install, ...(guest === undefined ? {} : { guest }) })
      if (tools.command !== null && !tools.installed) {
        context.stdout.write(`${tools.command}\n`)
        return
      }
      // What this machine lacks is nothing to a guest that is made of packages.
      const missing = guest === undefined ? await missingPrograms(null, context.ports) : []
      for (const line of describeMissing(missing)) context.stdout.write(`${line}\n`)
      finish(await runInputs(inputs, context))
    })
}
