import type { ReportPhase } from '../domain/kernel-report.js'

/**
 * Where on the console each phase of a guest begins. A report belongs to the phase its first line came in, however much later its end is
 * seen: else one and the same report would have this key in one run and that key in the next.
 */
export class PhaseMarks {
  private lines = 0
  private readonly marks: { readonly from: number; readonly phase: ReportPhase }[] = []

  /** Takes the next line of the console, which came in `phase`. */
  line(phase: ReportPhase): void {
    this.lines += 1
    if (this.marks.at(-1)?.phase !== phase) this.marks.push({ from: this.lines, phase })
  }

  /** The phase of a line, by its number from 1. */
  at(line: number): ReportPhase {
    return this.marks.findLast(({ from }) => from <= line)?.phase ?? 'boot'
  }
}
