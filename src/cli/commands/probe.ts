import { architectureSchema } from '../../domain/bundle.js'
import { UserError } from '../../domain/errors.js'
import { probeCommand as probe } from '../../vm/index.js'
import type { AddCommand } from '../context.js'

/** `vmtest probe`: what accelerator this machine has, and how that was found. */
export const probeCommand: AddCommand = (program, context) => {
  program
    .command('probe')
    .description('find out whether KVM really runs a guest here')
    .option('--json', 'print one JSON object')
    .option('--fresh', 'probe again although the answer is remembered')
    .action(async (options: { json?: boolean; fresh?: boolean }) => {
      const { exec } = context.ports
      const architecture = architectureSchema.parse((await exec.run(['uname', '-m'])).stdout.trim())
      const qemu = await exec.which(`qemu-system-${architecture}`)
      if (qemu === null) {
        throw new UserError(
          `qemu-system-${architecture} is not on PATH.`,
          'Install QEMU (Debian, Ubuntu: `apt-get install qemu-system`).',
          {
            kind: 'could-not-test',
          },
        )
      }
      const text = await probe(context.ports, {
        qemu,
        architecture,
        memory: options.fresh === true ? 'fresh' : 'use',
        permissions: 'leave',
        onCleanup: () => undefined,
        format: options.json === true ? 'json' : 'text',
      })
      context.stdout.write(`${text}\n`)
    })
}
