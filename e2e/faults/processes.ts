import { readdirSync, readFileSync } from 'node:fs'

/** Pids of running processes whose command line is QEMU's and holds a text (a lab's directory is unique to it). */
export function qemuProcesses(marker: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
        return line.includes('qemu-system-') && line.includes(marker) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
      } catch {
        // Gone between the listing and the look.
        return false
      }
    })
    .map(Number)
}
