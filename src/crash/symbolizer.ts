import type { Exec } from '../ports/index.js'

/** One function at a code address. */
export interface SourcePlace {
  /** Null where the debug information knows the line alone. */
  readonly function: string | null
  /** As the debug information has it, often absolute. */
  readonly file: string
  readonly line: number
}

/** The functions at one address, the innermost inlined one first, the one that has a symbol last; empty where nothing is known. */
export type SourceChain = readonly SourcePlace[]

/** A tool that turns code addresses into source places. */
export interface Symbolizer {
  readonly program: string
  readonly family: 'binutils' | 'llvm'
}

/**
 * Chooses among what is installed. For a linked image LLVM's tool, which reads a kernel's debug information in a fraction
 * of addr2line's time; for a module only addr2line, which takes the section that an address counts from.
 */
export async function chooseSymbolizer(exec: Pick<Exec, 'which'>, image: 'linked' | 'relocatable'): Promise<Symbolizer | null> {
  const llvm = image === 'linked' ? await exec.which('llvm-symbolizer') : null
  if (llvm !== null) return { program: llvm, family: 'llvm' }
  const addr2line = await exec.which('addr2line')
  return addr2line === null ? null : { program: addr2line, family: 'binutils' }
}

/** The command line: addresses come on standard input, so that any number of them is one call. */
export const symbolizerArgs = (symbolizer: Symbolizer, image: string, section: string | null): readonly string[] =>
  symbolizer.family === 'llvm'
    ? [symbolizer.program, `--obj=${image}`, '--output-style=GNU', '--addresses', '--functions', '--inlines', '--no-demangle']
    : [symbolizer.program, '--exe', image, '--addresses', '--functions', '--inlines', ...(section === null ? [] : ['--section', section])]

/** Looks up many addresses of one image in one call. The answer has one chain for each address, in order. */
export async function symbolize(
  exec: Pick<Exec, 'run'>,
  symbolizer: Symbolizer,
  request: { readonly image: string; readonly section: string | null; readonly addresses: readonly bigint[] },
): Promise<readonly SourceChain[]> {
  const input = request.addresses.map((address) => `0x${address.toString(16)}\n`).join('')
  const { code, stdout } = await exec.run(symbolizerArgs(symbolizer, request.image, request.section), { input, timeoutSeconds: 300 })
  const chains = code === 0 ? parseSymbolizer(stdout) : []
  return request.addresses.map((_, index) => chains[index] ?? [])
}

const ADDRESS = /^0x[0-9a-f]+$/
const PLACE = /^(.+):(\d+)(?: \(discriminator \d+\))?$/

/** Reads `addr2line -afi` output: an address, then pairs of a function's and a place's line. */
export function parseSymbolizer(output: string): SourceChain[] {
  const chains: SourcePlace[][] = []
  const lines = output.split('\n').filter((line) => line !== '')
  for (let index = 0; index < lines.length; index += 1) {
    const line = lines[index] ?? ''
    if (ADDRESS.test(line)) {
      chains.push([])
      continue
    }
    const place = PLACE.exec(lines[index + 1] ?? '')
    index += 1
    const [, file = '??', number = '0'] = place ?? []
    if (file !== '??' && number !== '0') chains.at(-1)?.push({ function: line === '??' ? null : line, file, line: Number(number) })
  }
  return chains
}
