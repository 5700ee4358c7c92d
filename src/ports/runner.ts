import type { Annotation } from '../domain/stages.js'

/** Where the run happens, as seen from outside: the workflow runner or a terminal. */
export interface Runner {
  readonly kind: 'github' | 'terminal'
  info(message: string): void
  warning(message: string): void
  error(message: string): void
  debug(message: string): void
  /** One group per stage; groups do not nest. */
  group<T>(title: string, body: () => Promise<T>): Promise<T>
  /** Begins a group that `closeGroup` ends, where what belongs together is not one piece of work. Absent: there are no groups. */
  openGroup?(title: string): void
  closeGroup?(): void
  /** Text from a guest or a tool: printed so that no workflow command in it has effect. */
  untrusted(text: string): void
  annotate(annotation: Annotation): void
  mask(secret: string): void
  setOutput(name: string, value: string): void
  saveState(name: string, value: string): void
  getState(name: string): string
  /** Raw value of an input or '' when unset. */
  getInput(name: string): string
  writeSummary(markdown: string): Promise<void>
  setFailed(message: string): void
  /** Environment of the process. */
  readonly env: Readonly<Record<string, string | undefined>>
  exportVariable(name: string, value: string): void
  addPath(directory: string): void
}
