import { resolve } from 'node:path'
import type { AddCommand } from '../context.js'
import { initTree } from '../init.js'

/** `vmtest init`: writes flake.nix and .envrc into a kernel tree. */
export const initCommand: AddCommand = (program, context) => {
  program
    .command('init')
    .description('write flake.nix and .envrc into a kernel tree, touching nothing that is there')
    .argument('[directory]', 'the tree', '.')
    .action(async (directory: string) => {
      const lines = await initTree(resolve(context.places.workingDirectory, directory), context.places.checkout, context.ports)
      context.stdout.write(`${lines.join('\n')}\n`)
    })
}
