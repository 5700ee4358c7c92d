import { parseInputs } from '../../inputs/parse.js'
import { refuseUnsupportedPlatform } from '../../pipeline/directories.js'
import { ProgressView } from '../../report/progress-view.js'
import { openShell } from '../../tools/shell/open-shell.js'
import type { AddCommand } from '../context.js'
import { addInputOptions, rawInputs } from '../options.js'

/** `vmtest shell`: the VM of a test run, with this terminal as its console. */
export const shellCommand: AddCommand = (program, context) => {
  const command = program
    .command('shell')
    .description('boot the VM of a test run with this terminal as its console, the suite ready to run')
  addInputOptions(command, 'shell')
    .option('--gdb', 'offer a gdb stub and print the command that attaches to it')
    .option('--wait', 'with --gdb: the kernel does not start before gdb lets it')
    .addHelpText(
      'after',
      '\nLeave it with `exit` or Ctrl-D; Ctrl-A X ends QEMU.\n\nExamples:\n  vmtest shell -s xfs --fstests ~/xfstests-dev\n  vmtest shell --gdb --kernel arch/x86/boot/bzImage --vmlinux vmlinux',
    )
    .action(async (options: Record<string, unknown>) => {
      refuseUnsupportedPlatform(context.platform, context.architecture)
      const { ports, places, stderr } = context
      const view = new ProgressView({ live: false, columns: 0, write: (text) => stderr.write(text) }, ports.clock.monotonicSeconds)
      await openShell(
        {
          inputs: parseInputs('cli', rawInputs(options, [])),
          places,
          ...(options.gdb === true ? { gdb: { wait: options.wait === true } } : {}),
          onProgress: (progress) => view.show(progress),
          onReady: (gdbCommand) => {
            if (gdbCommand !== null) stderr.write(`attach from another terminal: ${gdbCommand}\n`)
          },
        },
        ports,
      )
    })
}
