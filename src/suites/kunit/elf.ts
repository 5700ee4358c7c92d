import type { Files } from '../../ports/index.js'

type Reader = Pick<Files, 'readBytes' | 'stat'>

interface SectionHeader {
  readonly name: string
  readonly type: number
  /** A kernel's are near 2^64, where a number has no neighbours. */
  readonly address: bigint
  readonly offset: number
  readonly size: number
  readonly link: number
  readonly info: number
}

const SHT_SYMTAB = 2
const SHT_RELA = 4
const SHT_NOBITS = 8
const ET_REL = 1
const SYMBOL_BYTES = 24
const RELA_BYTES = 24
/** `const char name[256]`, the first member of struct kunit_suite (include/kunit/test.h). */
const NAME_BYTES = 256
const MOST_SUITES = 10_000
const MOST_TABLE_BYTES = 256 * 1024 * 1024

/** A 64-bit little-endian ELF file, as far as it is needed to find tables of a kernel in it: what it says is checked, for files can be cut. */
class ElfFile {
  readonly sections: readonly SectionHeader[]
  readonly type: number
  readonly #files: Reader
  readonly #path: string

  private constructor(files: Reader, path: string, shape: { readonly sections: readonly SectionHeader[]; readonly type: number }) {
    this.#files = files
    this.#path = path
    this.sections = shape.sections
    this.type = shape.type
  }

  /** Null for what is no such file. */
  static async open(files: Reader, path: string): Promise<ElfFile | null> {
    const header = viewOf(await files.readBytes(path, { offset: 0, length: 64 }))
    if (header.byteLength < 64 || header.getUint32(0) !== 0x7f454c46 || header.getUint8(4) !== 2 || header.getUint8(5) !== 1) return null
    const [offset, count] = [Number(header.getBigUint64(40, true)), header.getUint16(60, true)]
    const table = viewOf(await files.readBytes(path, { offset, length: count * 64 }))
    const raw = Array.from({ length: Math.floor(table.byteLength / 64) }, (_, index) => index * 64).map((at) => ({
      nameAt: table.getUint32(at, true),
      type: table.getUint32(at + 4, true),
      address: table.getBigUint64(at + 16, true),
      offset: Number(table.getBigUint64(at + 24, true)),
      size: Number(table.getBigUint64(at + 32, true)),
      link: table.getUint32(at + 40, true),
      info: table.getUint32(at + 44, true),
    }))
    const strings = raw[header.getUint16(62, true)]
    if (strings === undefined || strings.size > MOST_TABLE_BYTES) return null
    const names = await files.readBytes(path, { offset: strings.offset, length: strings.size })
    const sections = raw.map(({ nameAt, ...rest }) => ({ ...rest, name: textAt(names, nameAt) }))
    return new ElfFile(files, path, { sections, type: header.getUint16(16, true) })
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    return this.#files.readBytes(this.#path, { offset, length })
  }

  async contents(section: SectionHeader): Promise<Uint8Array> {
    if (section.type === SHT_NOBITS || section.size > MOST_TABLE_BYTES) return new Uint8Array()
    return this.read(section.offset, section.size)
  }

  /** Where in the file the memory at an address is; null where it is not in it. */
  offsetOf(address: bigint): number | null {
    const found = this.sections.find(
      (section) =>
        section.type !== SHT_NOBITS &&
        section.address > 0n &&
        address >= section.address &&
        address < section.address + BigInt(section.size),
    )
    return found === undefined ? null : found.offset + Number(address - found.address)
  }

  /** Values of symbols of these names. */
  async symbols(names: ReadonlySet<string>): Promise<ReadonlyMap<string, bigint>> {
    const table = this.sections.find(({ type }) => type === SHT_SYMTAB)
    const strings = table === undefined ? undefined : this.sections[table.link]
    if (table === undefined || strings === undefined) return new Map()
    const [entries, texts] = [viewOf(await this.contents(table)), await this.contents(strings)]
    const found = new Map<string, bigint>()
    for (let at = 0; at + SYMBOL_BYTES <= entries.byteLength; at += SYMBOL_BYTES) {
      const name = textAt(texts, entries.getUint32(at, true))
      if (names.has(name)) found.set(name, entries.getBigUint64(at + 8, true))
    }
    return found
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Up to the zero byte, as Latin-1: a name with other bytes is nobody's. */
function textAt(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at)
  return Buffer.from(bytes.subarray(at, end < 0 ? bytes.length : end)).toString('latin1')
}

const TABLES = ['.kunit_test_suites', '.kunit_init_test_suites']
const BOUNDS = [
  ['__kunit_suites_start', '__kunit_suites_end'],
  ['__kunit_init_suites_start', '__kunit_init_suites_end'],
] as const

/**
 * Names of the KUnit suites built into a kernel, from the table of pointers in its vmlinux (KUNIT_TABLE, include/asm-generic/vmlinux.lds.h). Null for
 * what is no such file, or has no such table, or one whose pointers are filled in at boot only.
 */
export async function suitesOfKernel(files: Reader, vmlinux: string): Promise<readonly string[] | null> {
  const elf = await ElfFile.open(files, vmlinux)
  if (elf === null) return null
  const symbols = await elf.symbols(new Set(BOUNDS.flat()))
  const names: string[] = []
  for (const [from, to] of BOUNDS) {
    const [start, end] = [symbols.get(from), symbols.get(to)]
    if (start === undefined || end === undefined) continue
    const offset = elf.offsetOf(start)
    const length = Math.min(Number(end - start), MOST_SUITES * 8)
    if (length <= 0) continue
    if (offset === null) return null
    const pointers = viewOf(await elf.read(offset, length))
    for (let at = 0; at + 8 <= pointers.byteLength; at += 8) {
      const place = elf.offsetOf(pointers.getBigUint64(at, true))
      if (place === null) return null
      names.push(textAt(await elf.read(place, NAME_BYTES), 0))
    }
  }
  return symbols.size === 0 ? null : names
}

/** Names of the KUnit suites in a module, from its relocations. Empty for a module without, or what is no module. */
export async function suitesOfModule(files: Reader, path: string): Promise<readonly string[]> {
  const elf = await ElfFile.open(files, path)
  if (elf === null || elf.type !== ET_REL) return []
  const names: string[] = []
  for (const [index, section] of elf.sections.entries()) {
    if (!TABLES.includes(section.name)) continue
    const relocations = elf.sections.find(({ type, info }) => type === SHT_RELA && info === index)
    const symbols = relocations === undefined ? undefined : elf.sections[relocations.link]
    if (relocations === undefined || symbols === undefined) continue
    const [entries, table] = [viewOf(await elf.contents(relocations)), viewOf(await elf.contents(symbols))]
    for (let at = 0; at + RELA_BYTES <= entries.byteLength; at += RELA_BYTES) {
      const symbol = Number(entries.getBigUint64(at + 8, true) >> 32n) * SYMBOL_BYTES
      if (symbol + SYMBOL_BYTES > table.byteLength) continue
      const target = elf.sections[table.getUint16(symbol + 6, true)]
      const offset = Number(table.getBigUint64(symbol + 8, true) + entries.getBigInt64(at + 16, true))
      if (target !== undefined && target.type !== SHT_NOBITS) names.push(textAt(await elf.read(target.offset + offset, NAME_BYTES), 0))
    }
  }
  return names
}
