import { UserError } from '../../domain/errors.js'

/**
 * Kernel modules without which the guest does not reach its agent. `virtio_mmio` serves machines without PCI; `configfs` is nobody's need to boot, but nothing loads it later:
 * without it there is no place to mount it at.
 */
export const BOOT_MODULES: readonly string[] = [
  'virtio_pci',
  'virtio_mmio',
  'virtio_blk',
  'virtio_console',
  'virtio_rng',
  'erofs',
  'overlay',
  'configfs',
]

/** Hands the kernel's vmcoreinfo to QEMU, which puts it into a memory dump. */
export const DUMP_MODULE = 'qemu_fw_cfg'

/** Of these a kernel may lack one: it has the other bus, or does without. */
const OPTIONAL: ReadonlySet<string> = new Set(['virtio_mmio', 'virtio_rng', 'configfs', DUMP_MODULE])

/** What a module directory says about itself: the texts of its index files ('' where a file is absent). */
export interface ModuleIndex {
  /** `modules.dep`: `path: paths it needs`, nearest first. */
  readonly dependencies: string
  /** `modules.builtin`: paths of what is in the kernel itself. */
  readonly builtin: string
  /** `modules.softdep`: `softdep NAME pre: NAMES post: NAMES`. */
  readonly softDependencies: string
  /** `modules.alias`: `alias PATTERN NAME`; a soft dependency may be one (`crc32c`, which two modules answer to). */
  readonly aliases: string
}

/** A module to load: its file below `lib/modules/RELEASE`, and whether the guest boots where it cannot be loaded. */
export interface OrderedModule {
  readonly path: string
  readonly optional: boolean
}

/**
 * The files to load, in an order in which each finds what it needs: modules.dep, and `pre:` of modules.softdep, for each module of the chain as modprobe does it
 * (libcrc32c asks for `crc32c` while it starts, and ends without it). What only soft dependencies ask for is optional: `crc32c_intel` refuses a processor without SSE 4.2.
 * @throws UserError when a module is neither a file nor built in
 */
export function moduleOrder(index: ModuleIndex, wanted: readonly string[] = BOOT_MODULES): readonly OrderedModule[] {
  const dependencies = readDependencies(index.dependencies)
  const byName = new Map([...dependencies.keys()].map((path) => [moduleName(path), path]))
  const builtin = new Set(index.builtin.split('\n').filter(Boolean).map(moduleName))
  const soft = readSoftDependencies(index.softDependencies)
  const aliases = readAliases(index.aliases)
  /** In loading order: a Map keeps the order in which its keys came. */
  const optional = new Map<string, boolean>()
  const visiting = new Set<string>()
  const visit = (path: string, isOptional: boolean): void => {
    if (visiting.has(path) || (optional.has(path) && (isOptional || optional.get(path) === false))) return
    visiting.add(path)
    for (const name of soft.get(moduleName(path)) ?? []) {
      for (const file of [name, ...(aliases.get(name) ?? [])].flatMap((module) => byName.get(module) ?? [])) visit(file, true)
    }
    // depmod lists what is needed first at the end.
    for (const needed of [...(dependencies.get(path) ?? [])].reverse()) visit(needed, isOptional)
    visiting.delete(path)
    optional.set(path, isOptional)
  }
  const missing: string[] = []
  for (const name of wanted) {
    const path = byName.get(name)
    if (path !== undefined) visit(path, false)
    else if (!builtin.has(name) && !OPTIONAL.has(name)) missing.push(name)
  }
  if (missing.length > 0) {
    throw new UserError(
      `The kernel has no ${missing.join(', ')}: neither a module nor built in. The guest could not boot.`,
      'Enable the options in the kernel configuration (nix/kconfig/base.config lists them), or give the modules that belong to the kernel with --modules.',
      { kind: 'could-not-test' },
    )
  }
  return [...optional].map(([path, isOptional]) => ({ path, optional: isOptional }))
}

/** `kernel/fs/xfs/xfs.ko.zst` → `xfs`; the kernel takes `-` and `_` for the same. */
export function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf('/') + 1)
  return file.replace(/\.ko(\.(gz|xz|zst))?$/, '').replaceAll('-', '_')
}

function readDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  const dependencies = new Map<string, readonly string[]>()
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0)
      dependencies.set(
        line.slice(0, colon),
        line
          .slice(colon + 1)
          .split(' ')
          .filter(Boolean),
      )
  }
  return dependencies
}

function readSoftDependencies(text: string): ReadonlyMap<string, readonly string[]> {
  const soft = new Map<string, readonly string[]>()
  for (const line of text.split('\n')) {
    const [keyword, name, ...words] = line.split(/\s+/).filter(Boolean)
    const begin = words.indexOf('pre:')
    if (keyword !== 'softdep' || name === undefined || begin < 0) continue
    const rest = words.slice(begin + 1)
    const end = rest.indexOf('post:')
    soft.set(moduleName(name), (end < 0 ? rest : rest.slice(0, end)).map(moduleName))
  }
  return soft
}

/** Only names without wildcards: the others are devices' ids, which no soft dependency names. */
function readAliases(text: string): ReadonlyMap<string, readonly string[]> {
  const aliases = new Map<string, string[]>()
  for (const [, alias, module] of text.matchAll(/^alias ([\w-]+) (\S+)$/gm)) {
    if (alias === undefined || module === undefined) continue
    const modules = aliases.get(moduleName(alias)) ?? []
    modules.push(moduleName(module))
    aliases.set(moduleName(alias), modules)
  }
  return aliases
}
