import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Entry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'other'
}

/** Everything below a directory, links not followed. Names that are not UTF-8 are listed, and not descended into. */
export function entriesBelow(directory: string): readonly Entry[] {
  const found: Entry[] = []
  const pending = [directory]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const path = join(next, entry.name)
      const kind = entry.isDirectory() ? 'directory' : entry.isFile() ? 'file' : 'other'
      found.push({ path, kind })
      if (kind === 'directory' && !path.includes('\ufffd')) pending.push(path)
    }
  }
  return found
}

/** What processes show to others while they run: command lines, environments and kernel-side state of QEMU and Nix, and a step's memory. */
export class ProcessWatch {
  /** By program (`qemu-system-…`, `nix…`): everything seen of it, NUL-separated as the kernel gives it. */
  readonly shown = new Map<string, Set<string>>()
  /** The `Seccomp` and `NoNewPrivs` lines of every QEMU, by process, as last seen: QEMU sets its filter when it has started. */
  readonly boxes = new Map<string, string>()
  /** Most memory the step's own process ever had. */
  peakMiB = 0
  readonly #timer: NodeJS.Timeout

  /** @param markers texts of which only processes of this run have one in their command line or environment */
  constructor(
    private readonly pid: number,
    private readonly markers: readonly string[],
  ) {
    this.#timer = setInterval(() => this.#look(), 100)
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  /** All that was seen of programs whose name begins so. */
  of(program: string): readonly string[] {
    return [...this.shown].filter(([name]) => name.startsWith(program)).flatMap(([, texts]) => [...texts])
  }

  #look(): void {
    const peak = /VmHWM:\s+(\d+) kB/.exec(read(`/proc/${this.pid}/status`))?.[1]
    if (peak !== undefined) this.peakMiB = Math.max(this.peakMiB, Number(peak) / 1024)
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const program = read(`/proc/${pid}/comm`).trim()
      if (!/^(?:qemu-system|nix)/.test(program)) continue
      const line = read(`/proc/${pid}/cmdline`)
      const environment = read(`/proc/${pid}/environ`)
      if (!this.markers.some((marker) => line.includes(marker) || environment.includes(marker))) continue
      const texts = this.shown.get(program) ?? new Set()
      this.shown.set(program, texts.add(line).add(environment))
      if (!program.startsWith('qemu-system')) continue
      const status = read(`/proc/${pid}/status`)
      if (status === '') continue
      this.boxes.set(
        pid,
        ['Seccomp', 'NoNewPrivs'].map((name) => `${name} ${new RegExp(`^${name}:\\s+(\\d)`, 'm').exec(status)?.[1]}`).join(', '),
      )
    }
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // Gone between the listing and the look.
    return ''
  }
}
