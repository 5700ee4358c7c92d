import { join, resolve } from 'node:path'
import { UserError } from '../../domain/errors.js'
import { chooseGuest, converse } from '../../tools/attach/attach.js'
import type { AddCommand, CliContext } from '../context.js'
import { sortedRuns } from '../read-run.js'

/** `vmtest attach`: a shell in a guest whose tests run. */
export const attachCommand: AddCommand = (program, context) => {
  program
    .command('attach')
    .description('open a shell in a guest while its tests run, from another terminal')
    .option('--run <directory>', 'the run; default: those below .vmtest/runs that are going on')
    .option('--vm <number>', 'the guest, where several are up')
    .addHelpText(
      'after',
      `
Ctrl-] leaves and lets the shell be: attaching again finds it as it was left. exit ends it. What is typed there runs as root beside the tests, and can
change what they find. From a pipe, lines are typed and the shell ends with the last one.

Examples:
  vmtest attach
  vmtest attach --vm 2
  echo 'cat /proc/meminfo' | vmtest attach`,
    )
    .action(async (options: { run?: string; vm?: string }) => attach(options, context))
}

async function attach({ run, vm }: { readonly run?: string; readonly vm?: string }, context: CliContext): Promise<void> {
  const { ports, places, signal, stdin, stdout } = context
  if (vm !== undefined && !/^[1-9]\d{0,5}$/.test(vm))
    throw new UserError(`\`--vm ${vm}\` is no number of a guest.`, 'Guests are numbered from 1.')
  const runs = run === undefined ? await runsBelow(context) : [resolve(places.workingDirectory, run)]
  const guest = await chooseGuest(runs, vm === undefined ? null : Number(vm), ports)
  if (ports.sockets === undefined) throw new Error('the command has sockets')
  const channel = await ports.sockets.connect(guest.socket).catch((cause: unknown) => {
    throw new UserError(
      `VM ${guest.id} cannot be attached to.`,
      'It may have ended just now; only the user who started the run can attach.',
      { cause },
    )
  })
  context.stderr.write(`VM ${guest.id} of ${guest.run} (${guest.section}); Ctrl-] leaves\n`)
  const decoder = new TextDecoder()
  const body = () =>
    converse(
      channel,
      {
        input: stdin,
        write: (bytes) => stdout.write(decoder.decode(bytes, { stream: true }).replaceAll('\0', '')),
        hello: {
          rows: stdout.rows ?? 24,
          columns: stdout.columns,
          term: /^[\w.+-]{1,40}$/.exec(ports.runner.env.TERM ?? '')?.[0] ?? 'vt100',
        },
        signal,
      },
      ports,
    )
  const giveBack = context.rawKeys?.()
  try {
    await body()
  } finally {
    giveBack?.()
  }
}

async function runsBelow({ ports, places }: CliContext): Promise<readonly string[]> {
  const runs = join(places.projectDirectory, '.vmtest/runs')
  return [...sortedRuns(await ports.files.list(runs).catch(() => []))].reverse().map((name) => join(runs, name))
}
