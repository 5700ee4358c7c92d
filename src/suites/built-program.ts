import type { Architecture } from '../domain/bundle.js'
import type { Files } from '../ports/index.js'

/** e_machine of an ELF file (elf(5)). */
const MACHINES: Readonly<Record<number, string>> = { 3: 'i386', 40: 'arm', 62: 'x86_64', 183: 'aarch64', 243: 'riscv', 258: 'loongarch' }

/** A tree's program that tells how the tree was built. */
export interface BuiltProgram {
  /** Below the tree. Of several the first that is there. */
  readonly programs: readonly string[]
  /** In messages. */
  readonly name: string
  readonly architecture: Architecture
}

/** Why programs of a tree cannot run in the guest: it is not built, or for another architecture. Null where they can. */
export async function programObstacle(
  files: Pick<Files, 'readBytes' | 'stat'>,
  directory: string,
  { programs, name, architecture }: BuiltProgram,
): Promise<string | null> {
  for (const program of programs) {
    if ((await files.stat(`${directory}/${program}`)) === null) continue
    const machine = await machineOf(files, `${directory}/${program}`)
    if (machine === null || machine === architecture) return null
    return `${directory} is built for ${machine}, and the guest is ${architecture}. Build it there: \`make -C ${directory} clean all\`.`
  }
  return `${directory} has not been built: it has no ${name}. Run \`make\` in ${directory} first.`
}

/** 32-bit programs that an architecture's kernels run beside their own. */
const COMPANIONS: Readonly<Record<Architecture, string>> = { x86_64: 'i386', aarch64: 'arm' }
const READS_AT_ONCE = 64

/** Which of these programs of a tree the guest cannot run, as a sentence: they are for another architecture. Null where it can run all. Scripts run anywhere. */
export async function foreignPrograms(
  files: Pick<Files, 'readBytes'>,
  directory: string,
  { programs, architecture }: Pick<BuiltProgram, 'programs' | 'architecture'>,
): Promise<string | null> {
  const foreign: { readonly program: string; readonly machine: string }[] = []
  for (let at = 0; at < programs.length; at += READS_AT_ONCE) {
    const some = programs.slice(at, at + READS_AT_ONCE)
    const machines = await Promise.all(some.map((program) => machineOf(files, `${directory}/${program}`)))
    for (const [index, machine] of machines.entries()) {
      const runs = machine === null || machine === architecture || machine === COMPANIONS[architecture]
      if (!runs) foreign.push({ program: some[index] ?? '', machine })
    }
  }
  const [first] = foreign
  if (first === undefined) return null
  const others = foreign.length === 1 ? '' : ` and ${foreign.length - 1} more`
  return `${directory} is built for ${first.machine} (${first.program}${others}), and the guest is ${architecture}.`
}

/** Null for what is no ELF file: a wrapper, a script. */
export async function machineOf(files: Pick<Files, 'readBytes'>, path: string): Promise<string | null> {
  const head = await files.readBytes(path, { offset: 0, length: 20 }).catch(() => new Uint8Array())
  if (head.length < 20 || head[0] !== 0x7f || head[1] !== 0x45) return null
  const isLittle = head[5] !== 2
  const number = isLittle ? (head[18] ?? 0) + 256 * (head[19] ?? 0) : (head[19] ?? 0) + 256 * (head[18] ?? 0)
  return MACHINES[number] ?? `another machine (ELF ${number})`
}
