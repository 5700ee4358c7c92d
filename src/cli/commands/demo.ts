import { ensureHostTools, missingPrograms } from '../../bundle/index.js'
import { parseInputs } from '../../inputs/parse.js'
import type { AddCommand } from '../context.js'
import { EXIT } from '../exit-codes.js'
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
      const exitCode = await runInputs(inputs, context)
      // What this machine lacks is nothing to a guest that is made of packages.
      const missing = guest === undefined ? await missingPrograms(null, context.ports) : []
      if (exitCode === EXIT.passed) context.stderr.write(`\n${whatNext(missing.length)}\n`)
      finish(exitCode)
    })
}

/** Where the demo leads to, and what that will still lack: the run that needs it names it. */
function whatNext(missing: number): string {
  const lacking =
    missing === 0
      ? ''
      : `\n(${missing === 1 ? '1 program' : `${missing} programs`} that some of its tests need ${missing === 1 ? 'is' : 'are'} not on this machine; that command names them, and goes on.)`
  return `Next, real fstests: \`vmtest run --fstests DIRECTORY -s xfs -g quick\`, with a built xfstests-dev.${lacking}`
}
