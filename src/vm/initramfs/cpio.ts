/** One entry of an archive. Paths are relative, without a leading slash. */
export type ArchiveEntry =
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly contents: Uint8Array }
  /** `owner`: its uid, which is its gid; absent: root. */
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number; readonly owner?: number }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | { readonly kind: 'character-device'; readonly path: string; readonly mode: number; readonly major: number; readonly minor: number }

const TYPE = { file: 0o100000, directory: 0o040000, link: 0o120000, 'character-device': 0o020000 } as const

/**
 * A cpio archive in the `newc` format that the kernel unpacks as an initramfs (Documentation/driver-api/early-userspace/
 * buffer-format.rst). Parents come before children, as the kernel wants them; missing parents are made with mode 0755.
 * The bytes depend on the entries alone: time 0, numbered inodes. Its length is a multiple of 512.
 */
export function writeCpio(entries: readonly ArchiveEntry[]): Uint8Array {
  const parts: Uint8Array[] = []
  let inode = 0
  for (const entry of withParents(entries)) {
    inode += 1
    parts.push(...encode(entry, inode))
  }
  parts.push(...header({ path: 'TRAILER!!!', mode: 0, inode: 0, owner: 0, links: 1, sizeBytes: 0, major: 0, minor: 0 }))
  const size = parts.reduce((sum, part) => sum + part.length, 0)
  parts.push(new Uint8Array(padding(size, 512)))
  return Buffer.concat(parts)
}

function encode(entry: ArchiveEntry, inode: number): Uint8Array[] {
  const contents = entry.kind === 'file' ? entry.contents : entry.kind === 'link' ? Buffer.from(entry.target) : new Uint8Array()
  const device = entry.kind === 'character-device' ? entry : { major: 0, minor: 0 }
  const permissions = entry.kind === 'link' ? 0o777 : entry.mode
  const links = entry.kind === 'directory' ? 2 : 1
  const owner = entry.kind === 'directory' ? (entry.owner ?? 0) : 0
  const mode = TYPE[entry.kind] | permissions
  return [
    ...header({ path: entry.path, mode, inode, owner, links, sizeBytes: contents.length, major: device.major, minor: device.minor }),
    contents,
    new Uint8Array(padding(contents.length, 4)),
  ]
}

interface HeaderFields {
  readonly path: string
  readonly mode: number
  readonly inode: number
  readonly owner: number
  readonly links: number
  readonly sizeBytes: number
  readonly major: number
  readonly minor: number
}

function header(fields: HeaderFields): Uint8Array[] {
  const name = Buffer.from(`${fields.path}\0`)
  const { inode, mode, owner, links, sizeBytes, major, minor } = fields
  // magic, then ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
  const numbers = [inode, mode, owner, owner, links, 0, sizeBytes, 0, 0, major, minor, name.length, 0]
  const text = `070701${numbers.map((number) => number.toString(16).padStart(8, '0')).join('')}`
  return [Buffer.from(text), name, new Uint8Array(padding(text.length + name.length, 4))]
}

function padding(length: number, unit: number): number {
  return (unit - (length % unit)) % unit
}

/** Every directory before what lies in it, each once; an entry of its own gives a directory its mode. */
function withParents(entries: readonly ArchiveEntry[]): readonly ArchiveEntry[] {
  const directories = new Map(entries.filter((entry) => entry.kind === 'directory').map((entry) => [entry.path, entry]))
  const made = new Set<string>()
  const ordered: ArchiveEntry[] = []
  const ensure = (path: string): void => {
    if (path === '' || made.has(path)) return
    ensure(parentOf(path))
    made.add(path)
    ordered.push(directories.get(path) ?? { kind: 'directory', path, mode: 0o755 })
  }
  for (const entry of entries) {
    checkPath(entry.path)
    if (entry.kind === 'directory') {
      ensure(entry.path)
      continue
    }
    ensure(parentOf(entry.path))
    ordered.push(entry)
  }
  return ordered
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

function checkPath(path: string): void {
  if (path === '' || path.split('/').some((part) => part === '' || part === '.' || part === '..') || path.includes('\0')) {
    throw new Error(`not a path for an archive: ${JSON.stringify(path)}`)
  }
}
