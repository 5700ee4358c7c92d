/** What the dynamic linker needs to know about one ELF file. */
export interface ElfDynamic {
  readonly class: 32 | 64
  /** e_machine: 62 is x86-64, 183 is AArch64. */
  readonly machine: number
  /** The program interpreter (`/lib64/ld-linux-x86-64.so.2`), null for a static program or a library. */
  readonly interpreter: string | null
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[]
  /** Directories of DT_RUNPATH (or DT_RPATH), `$ORIGIN` not yet replaced. */
  readonly runPath: readonly string[]
}

/** Reads `length` bytes at `offset`; fewer only at the end of the file. */
export type ReadAt = (offset: number, length: number) => Promise<Uint8Array>

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const DT_NEEDED = 1
const DT_STRTAB = 5
const DT_RPATH = 15
const DT_RUNPATH = 29

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly sizeBytes: number
}

/** Numbers of an ELF file in the file's own byte order and word size. */
class ElfView {
  readonly #view: DataView
  readonly #little: boolean
  readonly wide: boolean

  constructor(bytes: Uint8Array, shape: { readonly wide: boolean; readonly little: boolean }) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#little = shape.little
    this.wide = shape.wide
  }

  get length(): number {
    return this.#view.byteLength
  }

  half(offset: number): number {
    return this.#view.getUint16(offset, this.#little)
  }

  word(offset: number): number {
    return this.#view.getUint32(offset, this.#little)
  }

  /** An address, offset or size: 8 bytes in a 64-bit file, 4 in a 32-bit one. */
  native(offset: number): number {
    return this.wide ? Number(this.#view.getBigUint64(offset, this.#little)) : this.word(offset)
  }
}

function text(bytes: Uint8Array, offset: number): string {
  const end = bytes.indexOf(0, offset)
  return new TextDecoder().decode(bytes.subarray(offset, end < 0 ? bytes.length : end))
}

function readSegments(table: ElfView, entrySize: number): Segment[] {
  const segments: Segment[] = []
  for (let at = 0; at + entrySize <= table.length; at += entrySize) {
    segments.push(
      table.wide
        ? { type: table.word(at), offset: table.native(at + 8), address: table.native(at + 16), sizeBytes: table.native(at + 32) }
        : { type: table.word(at), offset: table.word(at + 4), address: table.word(at + 8), sizeBytes: table.word(at + 16) },
    )
  }
  return segments
}

function fileOffset(segments: readonly Segment[], address: number): number | null {
  const home = segments.find((one) => one.type === PT_LOAD && address >= one.address && address < one.address + one.sizeBytes)
  return home === undefined ? null : address - home.address + home.offset
}

function dynamicEntries(view: ElfView): { readonly tag: number; readonly value: number }[] {
  const step = view.wide ? 8 : 4
  const entries: { tag: number; value: number }[] = []
  for (let at = 0; at + 2 * step <= view.length; at += 2 * step) {
    const tag = view.native(at)
    if (tag === 0) break
    entries.push({ tag, value: view.native(at + step) })
  }
  return entries
}

/**
 * What an ELF file needs at run time, or null where the file is not ELF (a script, an image, an empty file).
 * The layout is the one of elf(5); section headers are not used, so stripped files are read alike.
 */
export async function readElf(readAt: ReadAt): Promise<ElfDynamic | null> {
  const header = await readAt(0, 64)
  if (header.length < 52 || header[0] !== 0x7f || text(header.subarray(1, 4), 0) !== 'ELF') return null
  const shape = { wide: header[4] === 2, little: header[5] === 1 }
  if (shape.wide && header.length < 64) return null
  const head = new ElfView(header, shape)
  const tableOffset = head.native(shape.wide ? 32 : 28)
  const entrySize = head.half(shape.wide ? 54 : 42)
  const count = head.half(shape.wide ? 56 : 44)
  const segments = readSegments(new ElfView(await readAt(tableOffset, entrySize * count), shape), entrySize)

  const interp = segments.find((one) => one.type === PT_INTERP)
  const interpreter = interp === undefined ? null : text(await readAt(interp.offset, interp.sizeBytes), 0)
  const base = { class: shape.wide ? (64 as const) : (32 as const), machine: head.half(18), interpreter }

  const dynamic = segments.find((one) => one.type === PT_DYNAMIC)
  if (dynamic === undefined) return { ...base, needed: [], runPath: [] }
  const entries = dynamicEntries(new ElfView(await readAt(dynamic.offset, dynamic.sizeBytes), shape))
  const strings = fileOffset(segments, entries.find((one) => one.tag === DT_STRTAB)?.value ?? -1)
  if (strings === null) return { ...base, needed: [], runPath: [] }

  const named = async (tag: number): Promise<string[]> => {
    const values = entries.filter((one) => one.tag === tag)
    return Promise.all(values.map(async (one) => text(await readAt(strings + one.value, 4096), 0)))
  }
  const runPath = await named(DT_RUNPATH)
  const searched = runPath.length > 0 ? runPath : await named(DT_RPATH)
  return { ...base, needed: await named(DT_NEEDED), runPath: searched.flatMap((one) => one.split(':')).filter((one) => one !== '') }
}
