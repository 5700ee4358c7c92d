import type { KernelReport } from '../domain/kernel-report.js'
import type { ConsoleLine } from './console-line.js'
import type { NumberedLine } from './open-report.js'

/** The first words of a kernel; x86 may say that it was unpacked before that. */
const BOOT = /^Linux version \d+\.\d+|^Booting the kernel(?:\.$| \(entry_offset)/
/** What is said before the machine goes down on purpose (kernel/reboot.c, kernel/kexec_core.c, drivers/tty/sysrq.c, systemd). */
const SHUTDOWN =
  /^(?:reboot: |Restarting system|System halted|Power down\b|Rebooting in \d|(?:kexec_core|kexec): Starting new kernel|sysrq: (?:Resetting|SysRq : Resetting|Power Off)|ACPI: (?:PM: )?Preparing to enter system sleep state S5|systemd-shutdown\[1\]: |PM: hibernation)/

/** How these two begin: few lines do, and only those are looked at. */
const INITIALS = 'rRSPksAplc'

const isBoot = (text: string): boolean => (text.startsWith('Linux v') || text.startsWith('Booting')) && BOOT.test(text)

/** A console that is registered late is given all that was said before it (register_console in kernel/printk/printk.c). */
const REPLAYED = /^(?:printk: )?(?:legacy )?console \[\w{1,20}\] enabled/
/** The replay comes at once. */
const REPLAY_LINES = 5

/** A kernel that prints so many lines after it was told to go down, went on. */
const SHUTDOWN_LINES = 400

/** Knows of a kernel's lines whether it is up, and whether it was told to go down. */
export class BootWatch {
  /** The last line of a kernel that runs. */
  private running: NumberedLine | null = null
  /** A kernel began, whatever its lines are stamped with. */
  private began = false
  /** It stamps its lines: one without a stamp is not its own. */
  private stamps = false
  private downSince: number | null = null
  private replayedAt: number | null = null

  /** Takes a line. For the first line of a boot: the last of a kernel that ran until then and was not told to end; else null. */
  line(line: ConsoleLine, numbered: NumberedLine): NumberedLine | null {
    if (this.begins(line)) return this.boot(line, numbered.number)
    if (INITIALS.includes(line.text.charAt(0))) this.goingDown(line.text, numbered.number)
    if (line.context !== '') this.stamps = true
    if (line.text !== '' && (line.late || this.began)) this.running = numbered
    return null
  }

  private goingDown(text: string, number: number): void {
    if (SHUTDOWN.test(text)) this.downSince = number
    if (REPLAYED.test(text)) this.replayedAt = number
  }

  /** A kernel that stamps its lines stamps its banner too: without, it is what a program read from /proc/version. */
  begins({ text, context }: ConsoleLine): boolean {
    return isBoot(text) && !(this.stamps && this.began && context === '' && text.startsWith('Linux '))
  }

  private boot({ text, context }: ConsoleLine, number: number): NumberedLine | null {
    const { running, downSince, replayedAt } = this
    this.running = null
    this.downSince = null
    this.began = text.startsWith('Linux ')
    this.stamps = context !== ''
    if (replayedAt !== null && number - replayedAt <= REPLAY_LINES) return null
    return downSince !== null && number - downSince <= SHUTDOWN_LINES ? null : running
  }
}

/** A kernel that ran is gone, and nobody told it to go. */
export const rebootReport = (before: NumberedLine, boot: NumberedLine, test: string | null): KernelReport => ({
  kind: 'reboot',
  title: 'unexpected kernel reboot',
  fatal: true,
  firstLine: before.number,
  lastLine: boot.number,
  test,
  lines: [before.text, boot.text],
  frames: [],
  provoked: false,
})
