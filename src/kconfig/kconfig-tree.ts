import { join } from 'node:path'
import { UserError } from '../domain/errors.js'
import type { Ports } from '../ports/index.js'
import { type KconfigDeclaration, type KconfigSource, parseKconfig } from './kconfig-declarations.js'

/**
 * Every option a kernel tree declares for an architecture, with the conditions of the blocks its file is sourced from within
 * (NFS_FS stands inside `if NETWORK_FILESYSTEMS` of another file). A sourced file that is not there is passed over, as for a tree
 * that carries only a part.
 * @param sourceArchitecture a directory of arch/: `x86`, `arm64`
 * @throws UserError where the directory has no Kconfig
 */
export async function readKconfigTree(
  tree: string,
  sourceArchitecture: string,
  { files }: Pick<Ports, 'files'>,
): Promise<readonly KconfigDeclaration[]> {
  const declarations: KconfigDeclaration[] = []
  const queue: KconfigSource[] = [{ path: 'Kconfig', conditions: [] }]
  for (let source = queue.shift(); source !== undefined; source = queue.shift()) {
    const text = await files.readText(join(tree, source.path)).catch((cause: unknown) => {
      if (source?.path !== 'Kconfig') return ''
      throw new UserError(`${tree} is no kernel tree: it has no Kconfig.`, 'Give the top of a kernel source tree.', { cause })
    })
    const parsed = parseKconfig(text, source.conditions)
    declarations.push(...parsed.declarations.filter(({ name }) => name !== ''))
    for (const { path, conditions } of parsed.sources) {
      const plain = path.replaceAll('$(SRCARCH)', sourceArchitecture)
      // A file named by another macro is optional by design (`$(KCONFIG_EXT_PREFIX)Kconfig.ext`).
      if (!plain.includes('$')) queue.push({ path: plain, conditions })
    }
  }
  return declarations
}
