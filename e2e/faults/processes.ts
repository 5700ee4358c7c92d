import { readdirSync, readFileSync } from 'node:fs'

/** Pids of running processes whose command line is QEMU's and holds a text (a lab's directory is unique to it). */
export function qemuProcesses(marker: string): readonly number[] {
  return running(({ line }) => line.includes('qemu-system-') && line.includes(marker))
}

/** Pids of running processes that hold one of these texts in their command line or their environment. */
export function processesWith(marks: readonly string[]): readonly { readonly pid: number; readonly line: string }[] {
  const found = running(({ line, environment }) => marks.some((mark) => line.includes(mark) || environment().includes(mark)))
  return found.map((pid) => ({ pid, line: read(pid, 'cmdline').replaceAll('\0', ' ') }))
}

interface Seen {
  readonly line: string
  readonly environment: () => string
}

function running(wanted: (seen: Seen) => boolean): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => wanted({ line: read(pid, 'cmdline'), environment: () => read(pid, 'environ') }) && !/\) [ZX] /.test(read(pid, 'stat')))
}

function read(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    // Gone between the listing and the look, or another user's.
    return ''
  }
}
