import type { Frame, KernelReport } from '../domain/kernel-report.js'
import type { Exec } from '../ports/index.js'
import { type CodeAddress, readSymbolTable, readTracedSymbol, type SymbolTable, type TracedSymbol } from './symbol-table.js'
import { chooseSymbolizer, type SourceChain, type SourcePlace, symbolize } from './symbolizer.js'
import { readTraceLine, sourceName } from './trace-line.js'

/** Where debug information is to be found. */
export interface DebugImages {
  /** Path of the kernel's `vmlinux`; absent: the trace stays as it is. */
  readonly vmlinux?: string
  /** Paths of `.ko` files with debug information, by module name (`xfs`). */
  readonly modules?: ReadonlyMap<string, string>
}

export interface DecodeOutcome {
  /** The frames, each decoded one preceded by those inlined into it. */
  readonly frames: readonly Frame[]
  /** How many of the given frames were found in the debug information. */
  readonly decoded: number
  /** Why frames stayed as they were, one sentence each; empty when all went well. */
  readonly notes: readonly string[]
}

interface Located {
  readonly index: number
  readonly printed: string
  readonly address: CodeAddress
}

/**
 * Decodes a report's frames. What is looked up is symbol and offset, so where KASLR put the kernel does not matter.
 * A frame that cannot be told for sure (two static functions of one name and size, a size of another build) stays as it is.
 */
export async function decodeReport(
  report: Pick<KernelReport, 'frames' | 'lines'>,
  images: DebugImages,
  exec: Pick<Exec, 'run' | 'which'>,
): Promise<DecodeOutcome> {
  const chains = new Map<number, SourceChain>()
  const notes: string[] = []
  const exact = exactSymbols(report.lines)
  for (const [module, frames] of byModule(report.frames)) {
    const image = module === null ? images.vmlinux : images.modules?.get(module)
    if (image === undefined)
      notes.push(module === null ? 'No vmlinux with debug information.' : `No module ${module} with debug information.`)
    else notes.push(...(await decodeImage({ image, kind: module === null ? 'linked' : 'relocatable', frames, exact }, exec, chains)))
  }
  const root = sourceRoot([...chains.values()].flat().map(({ file }) => file))
  const frames = report.frames.flatMap((frame, index) => withPlaces(frame, chains.get(index) ?? [], root))
  return { frames, decoded: chains.size, notes }
}

/** Frames whose source file a change touches first, otherwise in the order of the stack. Paths are relative to the kernel tree. */
export function framesInChangedFilesFirst(frames: readonly Frame[], changedFiles: Iterable<string>): Frame[] {
  const changed = new Set(changedFiles)
  const touches = ({ file }: Frame): boolean => file !== undefined && changed.has(file)
  return [...frames.filter(touches), ...frames.filter((frame) => !touches(frame))]
}

type IndexedFrame = readonly [index: number, symbol: TracedSymbol, printed: string]

function byModule(frames: readonly Frame[]): Map<string | null, IndexedFrame[]> {
  const groups = new Map<string | null, IndexedFrame[]>()
  for (const [index, frame] of frames.entries()) {
    const symbol = readTracedSymbol(frame.symbol)
    if (symbol === null) continue
    const module = frame.module ?? null
    groups.set(module, [...(groups.get(module) ?? []), [index, symbol, frame.symbol]])
  }
  return groups
}

/** Symbols printed as the instruction pointer: the very instruction, where a frame of the stack is the one after the call. */
function exactSymbols(lines: readonly string[]): ReadonlySet<string> {
  const pointers = lines.map(readTraceLine).filter((item) => item?.kind === 'ip')
  return new Set(pointers.map(({ frame }) => frame.symbol))
}

interface ImageJob {
  readonly image: string
  readonly kind: 'linked' | 'relocatable'
  readonly frames: readonly IndexedFrame[]
  readonly exact: ReadonlySet<string>
}

async function decodeImage(job: ImageJob, exec: Pick<Exec, 'run' | 'which'>, chains: Map<number, SourceChain>): Promise<string[]> {
  const symbolizer = await chooseSymbolizer(exec, job.kind)
  const tools = job.kind === 'linked' ? 'llvm-symbolizer or addr2line' : 'addr2line'
  if (symbolizer === null) return [`No ${tools} on PATH to decode ${job.image}.`]
  const table = await readSymbolTable(exec, job.image, new Set(job.frames.map(([, symbol]) => symbol.name)))
  if (table === null) return [`The symbols of ${job.image} cannot be listed.`]
  const { located, notes } = locate(job, table)
  // In a relocatable file each section begins at 0, so one call for each of the two or three that occur.
  const sections = job.kind === 'linked' ? [null] : [...new Set(located.map(({ address }) => address.section))]
  const without: string[] = []
  for (const section of sections) {
    const here = located.filter(({ address }) => section === null || address.section === section)
    const found = await symbolize(exec, symbolizer, { image: job.image, section, addresses: here.map(({ address }) => address.address) })
    for (const [position, { index, printed }] of here.entries()) {
      const chain = found[position] ?? []
      if (chain.length > 0) chains.set(index, chain)
      else without.push(printed)
    }
  }
  return [...notes, ...linelessNote(job.image, without, located.length)]
}

/** A sentence for all frames without a line, not one each: mostly it is the image that has none. */
function linelessNote(image: string, without: readonly string[], looked: number): readonly string[] {
  if (without.length === 0) return []
  if (without.length === looked)
    return [`${image} has no source lines for this trace: was it built without debug information (CONFIG_DEBUG_INFO)?`]
  return [`No source line in ${image} for ${without.join(', ')}.`]
}

function locate({ frames, image, exact }: ImageJob, table: SymbolTable): { located: Located[]; notes: string[] } {
  const unsure: string[] = []
  const located: Located[] = []
  for (const [index, symbol, printed] of frames) {
    const found = table.locate(symbol)
    if (found === null) {
      unsure.push(printed)
      continue
    }
    const back = exact.has(printed) || symbol.offset === 0 ? 0n : 1n
    located.push({ index, printed, address: { ...found, address: found.address - back } })
  }
  return { located, notes: unsure.length === 0 ? [] : [`Not to be told for sure in ${image}: ${unsure.join(', ')}.`] }
}

function withPlaces(frame: Frame, chain: SourceChain, root: string): Frame[] {
  if (chain.length === 0) return [frame]
  return chain.map((place, position) => ({
    ...frame,
    function: sourceName(place.function ?? readTracedSymbol(frame.symbol)?.name ?? frame.symbol),
    file: treePath(place, root),
    line: place.line,
    ...(position < chain.length - 1 ? { inlined: true } : {}),
  }))
}

/** The kernel tree's directories that have code in a running kernel. */
const TREE = /^(?:arch|block|certs|crypto|drivers|fs|include|init|io_uring|ipc|kernel|lib|mm|net|rust|security|sound|virt)\//

/** The directory the kernel was built in: the shortest that leaves every path inside a directory of a kernel tree. */
function sourceRoot(files: readonly string[]): string {
  const absolute = files.filter((file) => file.startsWith('/'))
  const [first = ''] = absolute
  const parents = first.split('/').map((_, index, parts) => `${parts.slice(0, index).join('/')}/`)
  return (
    parents
      .slice(1)
      .find((parent) => absolute.every((file) => file.startsWith(parent) && TREE.test(normalise(file.slice(parent.length))))) ?? ''
  )
}

const treePath = ({ file }: SourcePlace, root: string): string =>
  normalise(root !== '' && file.startsWith(root) ? file.slice(root.length) : file)

/** Takes out `./` and `x/../`. */
function normalise(path: string): string {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '.') continue
    const previous = parts.at(-1)
    if (part === '..' && previous !== undefined && previous !== '..' && previous !== '') parts.pop()
    else parts.push(part)
  }
  return parts.join('/')
}
