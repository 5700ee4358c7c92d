import { resolve } from 'node:path'
import type { AddCommand } from '../context.js'
import { initTree } from '../init.js'

/** `vmtest init`: writes a flake and an .envrc for a kernel tree. */
export const initCommand: AddCommand = (program, context) => {
  program
    .command('init')
    .description('write a flake of your own (.vmtest/flake) and .envrc for a kernel tree, touching nothing that is there')
    .argument('[directory]', 'the tree', '.')
    .option('--commit', 'write flake.nix at the root instead, to be committed: for workflows and for everybody')
    .action(async (directory: string, options: { commit?: boolean }) => {
      const { places, ports, stdout } = context
      const flake = options.commit === true ? 'commit' : 'own'
      const lines = await initTree({ directory: resolve(places.workingDirectory, directory), checkout: places.checkout, flake }, ports)
      stdout.write(`${lines.join('\n')}\n`)
    })
}
