import { lineKind } from './compiler-messages.js'

/** Make says that a program it ran failed; `[…] Error 1 (ignored)` has no stars. */
const MAKE_FAILED = /^make(?:\[\d+\])?: \*\*\* .*\bError \d+$/

/** Lines of one message shown at most: an error in a macro can have hundreds. */
const LONGEST = 40

/**
 * Shows what a compiler says as it says it: the first error of each file whole (what leads to it, the source line, the caret, the notes), each
 * further error of that file, which may follow from the first, as one line. Warnings are not shown.
 */
export class ErrorScreen {
  readonly #show: (lines: readonly string[]) => void
  readonly #failing = new Set<string>()
  /** What may lead to a message. */
  #lead: string[] = []
  /** The message whose lines come, or null. */
  #open: string[] | null = null
  /** Make's own word that a program failed, after an error was shown. */
  failed = false

  constructor(show: (lines: readonly string[]) => void) {
    this.#show = show
  }

  feed(line: string): void {
    const kind = lineKind(line)
    if (kind === 'error') this.#error(line)
    else if (this.#open !== null && (kind === 'text' || kind === 'note')) this.#open.push(line)
    else {
      this.flush()
      this.#lead = kind === 'lead' ? [...this.#lead, line] : []
    }
    if (MAKE_FAILED.test(line) && this.#failing.size > 0) this.failed = true
  }

  #error(line: string): void {
    this.flush()
    const file = line.split(':', 1)[0] ?? ''
    if (this.#failing.has(file)) this.#show([line])
    else this.#open = [...this.#lead, line]
    this.#failing.add(file)
    this.#lead = []
  }

  /** Shows the message whose lines came, where no further line may come for a while. */
  flush(): void {
    if (this.#open !== null) this.#show(this.#open.slice(0, LONGEST))
    this.#open = null
  }

  /** True while a message waits for the rest of its lines. */
  get pending(): boolean {
    return this.#open !== null
  }
}
