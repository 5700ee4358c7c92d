import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import { parseKernelConfig, type Setting, settingsMade } from '../kconfig/index.js'
import type { Ports } from '../ports/index.js'
import type { ConfiguredTree } from './configure-tree.js'
import { make } from './make.js'

type MenuPorts = Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>

/**
 * The tree's own menu (`menuconfig`, `nconfig`) on its configuration, on our terminal.
 * @returns what was changed in it
 * @throws UserError (`could-not-test`) where the menu does not build or ends with an error
 */
export async function editInMenu(tree: ConfiguredTree, menu: string, ports: MenuPorts): Promise<readonly Setting[]> {
  const { setting } = tree
  const before = await saved(tree, ports)
  const { prefix, objects, variables } = setting
  const { code } = await ports.exec.interactive([...prefix, 'make', '-C', setting.tree, `O=${objects}`, ...variables, menu])
  if (code !== 0) {
    throw new UserError(
      `\`make ${menu}\` failed; its message is above.`,
      'Menus need the headers of ncurses (`apt-get install libncurses-dev`); `--with editor` and `--set CONFIG_NAME=y` need nothing.',
      { kind: 'could-not-test' },
    )
  }
  const after = parseKernelConfig(await ports.files.readText(join(objects, '.config')))
  return settingsMade({ before, after: await saved(tree, ports) }, after)
}

/** The least configuration that gives this one. */
async function saved({ setting }: ConfiguredTree, ports: MenuPorts): Promise<ReadonlyMap<string, string>> {
  const outcome = await make(setting, ['savedefconfig'], ports)
  if (outcome.succeeded) return parseKernelConfig(await ports.files.readText(join(setting.objects, 'defconfig')))
  throw new UserError(
    `\`make savedefconfig\` failed.${outcome.lines.slice(-10).map((line) => `\n  ${line}`)}`,
    'Edit with `--with editor` instead.',
    { kind: 'could-not-test' },
  )
}
