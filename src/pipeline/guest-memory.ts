import { join } from 'node:path'
import type { Plan } from '../domain/plan.js'
import type { Built } from '../domain/stages.js'
import type { GuestRun, VmRun } from '../domain/vm-run.js'
import type { Ports } from '../ports/index.js'
import { type DumpBudget, type Explanation, explainMemory, findDrgn, hasTypes, moduleFiles } from '../vm/index.js'

/** What is known before the first guest starts of reading the memory of those that will die. */
export interface MemoryChoice {
  /** Guests are started so that their memory can be dumped. */
  readonly dumps: boolean
  /** What reads a dump; null where nothing can. */
  readonly reader: { readonly python: string; readonly vmlinux: string; readonly modules: ReadonlyMap<string, string> } | null
  /** Says why a death is not explained, and what to do about it, as a sentence; null where it is, or is not wanted. Asked when a guest has died. */
  readonly hint: (() => Promise<string>) | null
}

const NO_MEMORY: MemoryChoice = { dumps: false, reader: null, hint: null }

/** Whether and how the memory of guests that die is read. Never an error: without it a run is as it always was. */
export async function chooseMemory(
  plan: Pick<Plan, 'dumpWhen'>,
  { built, config }: { readonly built: Built; readonly config: string | null },
  ports: Pick<Ports, 'exec' | 'files'>,
): Promise<MemoryChoice> {
  const { dumpWhen = 'never' } = plan
  if (dumpWhen === 'never') return NO_MEMORY
  const dumps = dumpWhen === 'always'
  const { vmlinux, release } = built.bundle.kernel
  if (vmlinux === undefined) return { dumps, reader: null, hint: () => debugPackageHint(release, ports) }
  if (config !== null && hasTypes(config) === false) {
    const hint = 'its debug information has no types (CONFIG_DEBUG_INFO_REDUCED): a kernel tree is built with them under `--dump`'
    return { dumps, reader: null, hint: () => Promise.resolve(hint) }
  }
  const drgn = await findDrgn(ports)
  if (drgn.kind === 'missing') return { dumps, reader: null, hint: () => Promise.resolve(drgn.hint) }
  const modules = await moduleFiles(vmlinux, release, ports)
  return { dumps: true, reader: { python: drgn.python, vmlinux, modules }, hint: null }
}

/** A distribution's kernel has its debug information in a package of its own, which is not small. */
async function debugPackageHint(release: string, { exec }: Pick<Ports, 'exec'>): Promise<string> {
  const name = `linux-image-${release}-dbg`
  const shown = await exec.run(['apt-cache', 'show', '--no-all-versions', name], { timeoutSeconds: 30 }).catch(() => null)
  const bytes = shown?.code === 0 ? /^Size: (\d+)$/m.exec(shown.stdout)?.[1] : undefined
  const size = bytes === undefined ? '' : `, ${Math.round(Number(bytes) / 1e6)} MB`
  const where = shown?.code === 0 ? ` (a distribution's kernel has it in the package ${name}${size})` : ''
  return `no vmlinux with debug information is known${where}: give it with \`--vmlinux\`, or test a kernel tree with \`--dump\``
}

export interface GuestMemoriesOptions {
  readonly choice: MemoryChoice
  readonly budget: DumpBudget
  readonly checkout: string
  readonly runDirectory: string
  /** Where dumps lie until they are read: removed with the disks. */
  readonly diskDirectory: string
  readonly memoryMiB: number
  readonly keep: boolean
  readonly signal: AbortSignal
  readonly onNote: (note: string) => void
}

/** The memories of the guests of one call: dumped by QEMU, read at once beside the guests that go on, kept or dropped at the end. */
export class GuestMemories {
  readonly #reading = new Map<number, Promise<Explanation | null>>()

  constructor(
    private readonly options: GuestMemoriesOptions,
    private readonly ports: Pick<Ports, 'exec' | 'files'>,
  ) {}

  /** What a guest is started with; empty where nothing is dumped. */
  guestOptions(id: number): { readonly dumpPath?: string; readonly takesDump?: (what: string) => boolean; readonly onDumped?: () => void } {
    const { choice, budget } = this.options
    if (!choice.dumps) return {}
    return {
      dumpPath: this.#path(id),
      takesDump: (what) => budget.take(what),
      onDumped: () => void this.#reading.set(id, this.#read(id)),
    }
  }

  /** The run with what its guests' memories said. @returns when all are read */
  async settle(run: VmRun): Promise<VmRun> {
    const { choice, onNote } = this.options
    const guests: GuestRun[] = []
    for (const guest of run.guests) guests.push(guest.memoryDump === undefined ? guest : await this.#settleGuest(guest))
    const died = run.guests.find(({ exit }) => exit.kind === 'panic' || exit.kind === 'timeout')
    if (choice.hint !== null && died !== undefined) {
      onNote(`the end of VM ${died.id} is not explained from its memory: ${await choice.hint()}`)
    }
    return { ...run, guests }
  }

  #path(id: number): string {
    return join(this.options.diskDirectory, `memory-${id}.elf`)
  }

  async #read(id: number): Promise<Explanation | null> {
    const { choice, checkout, memoryMiB, signal } = this.options
    if (choice.reader === null) return null
    return explainMemory({ ...choice.reader, checkout, memory: this.#path(id), memoryMiB, signal }, this.ports)
  }

  async #settleGuest({ memoryDump: _, ...guest }: GuestRun): Promise<GuestRun> {
    const { runDirectory, onNote, keep, choice } = this.options
    const said = (await this.#reading.get(guest.id)) ?? null
    if (said?.kind === 'failed') onNote(`the memory of VM ${guest.id} could not be read: ${said.reason}`)
    if (said?.kind === 'explained') await this.ports.files.write(join(runDirectory, guest.directory, MEMORY_TEXT), `${said.text}\n`)
    const memoryDump = keep ? await this.#keep(guest) : null
    if (memoryDump !== null) {
      const path = join(runDirectory, memoryDump)
      const unpacked = path.replace(/\.zst$/, '')
      const unpack = unpacked === path ? '' : `zstd -d ${path} && `
      onNote(
        `the memory of VM ${guest.id} is in ${path}; open it with: ${unpack}drgn -c ${unpacked} -s ${choice.reader?.vmlinux ?? 'VMLINUX'}`,
      )
    }
    return {
      ...guest,
      ...(memoryDump === null ? {} : { memoryDump }),
      ...(said?.kind === 'explained' ? { explanation: said.text } : {}),
    }
  }

  /** @returns where it lies then, relative to the run's directory; null where it cannot be kept */
  async #keep({ id, directory }: Pick<GuestRun, 'id' | 'directory'>): Promise<string | null> {
    const { runDirectory, signal, onNote } = this.options
    const { exec, files } = this.ports
    const name = join(directory, 'memory.elf')
    if ((await exec.which('zstd')) !== null) {
      const target = join(runDirectory, `${name}.zst`)
      const packed = await exec.run(['zstd', '-3', '-q', '-f', this.#path(id), '-o', target], { signal, timeoutSeconds: 600 })
      if (packed.code === 0) return `${name}.zst`
      await files.remove(target)
    }
    return files.copy(this.#path(id), join(runDirectory, name)).then(
      () => name,
      () => {
        onNote(`the memory of VM ${id} could not be kept: there is no room for it in ${runDirectory}`)
        return null
      },
    )
  }
}

/** What a guest's memory said, in its directory. */
const MEMORY_TEXT = 'memory.txt'
