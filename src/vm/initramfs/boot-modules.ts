import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { UserError } from '../../domain/errors.js'
import type { Exec, Files } from '../../ports/index.js'
import { BOOT_MODULES, moduleName, moduleOrder } from './module-order.js'
import type { BootModule, DeviceNode } from './settings.js'

/** What unpacks a module's compression to standard output; gzip needs no program. */
const UNPACKERS: Readonly<Record<string, string>> = { '.xz': 'xz', '.zst': 'zstd' }

/**
 * `lib/modules/RELEASE` below a tree, or the tree itself where it is that directory.
 * @throws UserError when there is no such directory
 */
export async function findModuleDirectory(files: Pick<Files, 'stat'>, tree: string, release: string): Promise<string> {
  for (const directory of [join(tree, 'lib/modules', release), join(tree, release), tree]) {
    if ((await files.stat(join(directory, 'modules.dep')))?.kind === 'file') return directory
  }
  throw new UserError(
    `${tree} holds no modules of kernel ${release} (no lib/modules/${release}/modules.dep).`,
    'Give the directory `make modules_install INSTALL_MOD_PATH=DIR` wrote to, of this very kernel.',
    { kind: 'could-not-test' },
  )
}

/** The boot modules in loading order, decompressed here so that the guest needs only insmod. */
export async function readBootModules(
  ports: { files: Files; exec: Exec },
  directory: string,
  wanted: readonly string[] = BOOT_MODULES,
): Promise<readonly BootModule[]> {
  const read = async (name: string) => {
    const path = join(directory, name)
    return (await ports.files.stat(path)) === null ? '' : ports.files.readText(path)
  }
  const order = moduleOrder(
    {
      dependencies: await read('modules.dep'),
      builtin: await read('modules.builtin'),
      softDependencies: await read('modules.softdep'),
      aliases: await read('modules.alias'),
    },
    wanted,
  )
  const modules: BootModule[] = []
  for (const { path, optional } of order) {
    modules.push({ file: `${moduleName(path)}.ko`, contents: await readModule(ports, join(directory, path)), optional })
  }
  return modules
}

async function readModule(ports: { files: Files; exec: Exec }, path: string): Promise<Uint8Array> {
  if (path.endsWith('.gz')) return gunzipSync(await ports.files.readBytes(path))
  const program = Object.entries(UNPACKERS).find(([suffix]) => path.endsWith(suffix))?.[1]
  if (program === undefined) return ports.files.readBytes(path)
  // To a file, not to standard output: results of commands are text.
  const directory = await ports.files.makeTemporary('/tmp', 'vmtest-module-')
  try {
    const plain = join(directory, 'module.ko')
    const packed = `${plain}${path.slice(path.lastIndexOf('.'))}`
    await ports.files.copy(path, packed)
    const result = await ports.exec.run([program, '-d', '-q', packed], { timeoutSeconds: 60 })
    if (result.code !== 0) throw new Error(`${program} cannot unpack ${path}: ${result.stderr.trim()}`)
    return await ports.files.readBytes(plain)
  } finally {
    await ports.files.remove(directory)
  }
}

/**
 * Nodes of drivers that are loaded when somebody opens them: `modules.devname`, lines `MODULE NAME cMAJOR:MINOR`, which udev makes nodes
 * of on a real machine (kmod-static-nodes). An absent file has none.
 */
export async function deviceNodes(files: Pick<Files, 'readText' | 'stat'>, directory: string): Promise<readonly DeviceNode[]> {
  const path = join(directory, 'modules.devname')
  if ((await files.stat(path)) === null) return []
  return [...(await files.readText(path)).matchAll(/^\S+ ([\w-]+(?:\/[\w-]+)*) c(\d+):(\d+)$/gm)].map(([, name, major, minor]) => ({
    name: name ?? '',
    major: Number(major),
    minor: Number(minor),
  }))
}
