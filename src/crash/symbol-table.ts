import type { Exec } from '../ports/index.js'

/** A symbol as a trace prints it: `name+0xoffset/0xsize`. */
export interface TracedSymbol {
  readonly name: string
  readonly offset: number
  /** The distance to the next symbol, as the kernel reckons sizes (kallsyms' get_symbol_pos). */
  readonly size: number
}

/** A place in an image's code. In a module (a relocatable file) the address counts from the section's start. */
export interface CodeAddress {
  readonly address: bigint
  readonly section: string
}

interface SymbolEntry {
  readonly address: bigint
  readonly sizeBytes: number
  readonly section: string
}

const TRACED = /^([A-Za-z_$.][\w.$]*)\+0x([0-9a-f]+)\/0x([0-9a-f]+)/

/** Reads a frame's symbol; null for one that names no offset. */
export function readTracedSymbol(text: string): TracedSymbol | null {
  const match = TRACED.exec(text)
  if (match === null) return null
  return { name: match[1] ?? '', offset: Number.parseInt(match[2] ?? '', 16), size: Number.parseInt(match[3] ?? '', 16) }
}

/** Functions are aligned to so much at most; the space up to the next one counts as the function's. */
const MAX_PADDING_BYTES = 64
/** Kernel addresses differ only here; a float holds them exactly. */
const LOW_BITS = 0xffff_ffff_ffffn

/** The code symbols of one image, of which only those asked for are kept. */
export class SymbolTable {
  private readonly entries = new Map<string, SymbolEntry[]>()
  private readonly starts = new Map<string, number[]>()

  /** @param listing `nm --format=sysv` output: name|value|class|type|size|line|section */
  constructor(listing: string, wanted: ReadonlySet<string>) {
    for (const line of listing.split('\n')) {
      const cells = line.split('|')
      if (cells.length < 7 || !/^[TtWw]/.test((cells[2] ?? '').trim())) continue
      this.add(cells, wanted)
    }
    for (const starts of this.starts.values()) starts.sort((one, other) => one - other)
  }

  private add(cells: readonly string[], wanted: ReadonlySet<string>): void {
    const [name = '', value = '', , , size = '', , section = ''] = cells.map((cell) => cell.trim())
    if (!/^[0-9a-f]+$/.test(value)) return
    const address = BigInt(`0x${value}`)
    const starts = this.starts.get(section)
    if (starts === undefined) this.starts.set(section, [low(address)])
    else starts.push(low(address))
    if (!wanted.has(name)) return
    const entry = { address, sizeBytes: /^[0-9a-f]+$/.test(size) ? Number.parseInt(size, 16) : 0, section }
    this.entries.set(name, [...(this.entries.get(name) ?? []), entry])
  }

  /**
   * Where a traced symbol lies, or null when this image cannot say: no such symbol, several static functions of the name
   * whose sizes fit equally, or a size that shows another build.
   */
  locate(symbol: TracedSymbol): CodeAddress | null {
    if (symbol.offset > symbol.size) return null
    const [only, ...others] = distinct(this.fitting(this.entries.get(symbol.name) ?? [], symbol.size))
    if (only === undefined || others.length > 0) return null
    return { address: only.address + BigInt(symbol.offset), section: only.section }
  }

  /** The entries of the traced size: by the kernel's reckoning, else by the image's, else by the image's and some padding. */
  private fitting(entries: readonly SymbolEntry[], tracedSize: number): readonly SymbolEntry[] {
    const reckoned = entries.filter((entry) => this.distanceToNext(entry) === tracedSize)
    if (reckoned.length > 0) return reckoned
    const exact = entries.filter(({ sizeBytes }) => sizeBytes === tracedSize)
    if (exact.length > 0) return exact
    return entries.filter(({ sizeBytes }) => sizeBytes > 0 && tracedSize > sizeBytes && tracedSize < sizeBytes + MAX_PADDING_BYTES)
  }

  private distanceToNext({ address, section }: SymbolEntry): number | null {
    const next = (this.starts.get(section) ?? []).find((start) => start > low(address))
    return next === undefined ? null : next - low(address)
  }
}

const low = (address: bigint): number => Number(address & LOW_BITS)

/** Two names of one place (aliases) are one. */
function distinct(entries: readonly SymbolEntry[]): SymbolEntry[] {
  return entries.filter(
    (entry, index) => entries.findIndex((other) => other.address === entry.address && other.section === entry.section) === index,
  )
}

/** Lists an image's code symbols with binutils' or LLVM's nm; null where neither is there or the image cannot be read. */
export async function readSymbolTable(
  exec: Pick<Exec, 'run' | 'which'>,
  image: string,
  wanted: ReadonlySet<string>,
): Promise<SymbolTable | null> {
  const nm = (await exec.which('nm')) ?? (await exec.which('llvm-nm'))
  if (nm === null) return null
  const { code, stdout } = await exec.run([nm, '--format=sysv', '--defined-only', image], {
    timeoutSeconds: 120,
    maxBufferBytes: 256 * 1024 * 1024,
  })
  return code === 0 ? new SymbolTable(stdout, wanted) : null
}
