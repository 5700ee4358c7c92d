import { randomUUID } from 'node:crypto'
import { UserError } from '../../domain/errors.js'
import { parseInputs } from '../../inputs/parse.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { ProgressView } from '../../report/progress-view.js'
import { execInGuest } from '../../tools/exec/exec-in-guest.js'
import { describeOutcome, exitStatusOf } from '../../tools/exec/outcome.js'
import type { AddCommand, CliContext } from '../context.js'
import { addInputOptions, rawInputs } from '../options.js'

/** `vmtest exec -- CMD…`: one command in a guest. */
export const execCommand: AddCommand = (program, context, finish) => {
  const command = program
    .command('exec')
    .description('boot a guest, run one command in it as root, and power it off')
    .argument('<command...>', 'the program and its arguments, after `--`')
  addInputOptions(command)
    .addHelpText(
      'after',
      `
What the command prints, on either stream, comes on standard output, what vmtest has to say on standard error. The exit status is the
command's own, or 128 and the number of the signal that ended it; 1 where it was 0 and the kernel reported a bug; 69 where the guest could not
start, panicked or was lost. Without -s the guest has no disks; with one section its disks are there, as for a test. --output keeps the console
and a record.

Examples:
  vmtest exec -- uname -r
  vmtest exec --kernel-tree . -- sh -c 'mount -t tmpfs none /mnt && fstrim /mnt'
  vmtest exec -s xfs --output out -- sh -c 'mount /dev/vdb /mnt && ls /mnt'`,
    )
    .action(async (argv: string[], options: Record<string, unknown>) => {
      finish(await exec(argv, options, context))
    })
}

async function exec(argv: readonly string[], options: Record<string, unknown>, context: CliContext): Promise<number> {
  refuseUnsupportedPlatform(context.platform, context.architecture)
  if (argv[0] === '') throw new UserError('The command is an empty word.', 'Name a program behind `--`: `vmtest exec -- uname -r`.')
  const { ports, places, stdout, stderr, signal, toolVersion } = context
  const view = new ProgressView({ live: false, columns: 0, write: (text) => stderr.write(text) }, ports.clock.monotonicSeconds)
  const quiet = quietly(ports.runner.env, randomUUID())
  stdout.write(quiet.before)
  const inputs = parseInputs('cli', rawInputs(options, []))
  const outcome = await execInGuest(
    {
      inputs,
      places,
      argv,
      toolVersion,
      signal,
      onProgress: (progress) => view.show(progress),
      onOutput: (bytes) => stdout.write(bytes),
    },
    ports,
  ).finally(() => stdout.write(quiet.after))
  for (const line of describeOutcome(outcome)) stderr.write(`vmtest exec: ${line}\n`)
  return exitStatusOf(outcome)
}

/** In a workflow's step a line of the guest could be a command to the runner: it is told not to listen meanwhile. */
function quietly(env: Readonly<Record<string, string | undefined>>, token: string): { readonly before: string; readonly after: string } {
  if (env.GITHUB_ACTIONS !== 'true') return { before: '', after: '' }
  return { before: `::stop-commands::${token}\n`, after: `\n::${token}::\n` }
}
