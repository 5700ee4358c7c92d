import type { ByteChannel, ChildProcess, Clock, ProcessExit } from '../../../src/ports/index.js'
import { EventQueue } from '../../../src/vm/channels/event-queue.js'

/** One duplex channel: the test is the guest's side. */
export class FakeChannel implements ByteChannel {
  readonly written: string[] = []
  private readonly incoming = new EventQueue<Uint8Array>()
  private readonly waiting: (() => void)[] = []

  /** The guest says something. */
  say(text: string | Uint8Array): void {
    this.incoming.push(Buffer.from(text))
  }

  end(): void {
    this.incoming.end()
  }

  write = async (bytes: Uint8Array | string): Promise<void> => {
    this.written.push(Buffer.from(bytes).toString('utf8'))
    for (const wake of this.waiting.splice(0)) wake()
  }

  /** Resolves once this text has been written to the guest. */
  async heard(text: string): Promise<void> {
    while (!this.written.join('').includes(text)) await new Promise<void>((resolve) => this.waiting.push(resolve))
  }

  close(): void {}

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    return this.incoming[Symbol.asyncIterator]()
  }
}

/** A QEMU that does what the test says. It answers its monitor's greeting by itself. */
export class FakeQemu implements ChildProcess {
  readonly pid = 4711
  readonly stdin = { write: async () => undefined, end: () => undefined }
  readonly stdout = noBytes()
  readonly stderrChannel = new FakeChannel()
  readonly stderr = this.stderrChannel
  readonly console = new FakeChannel()
  readonly control = new FakeChannel()
  readonly results = new FakeChannel()
  readonly output = new FakeChannel()
  readonly qmp = new FakeChannel()
  readonly channels = [this.console, this.control, this.results, this.output, this.qmp]
  readonly signals: string[] = []
  readonly exit: Promise<ProcessExit>
  private resolveExit: (exit: ProcessExit) => void = () => undefined

  constructor() {
    this.exit = new Promise((resolve) => {
      this.resolveExit = resolve
    })
  }

  kill = (signal: string) => {
    this.signals.push(signal)
    if (signal === 'SIGKILL') this.die({ code: null, signal: 'SIGKILL' })
  }

  die(exit: ProcessExit): void {
    for (const channel of [...this.channels, this.stderrChannel]) channel.end()
    this.resolveExit(exit)
  }
}

async function* noBytes(): AsyncIterable<Uint8Array> {}

/** Wall-clock time stands; sleeping takes real but short time, so that limits expire in a test's patience. */
export function fakeClock(): Clock {
  let seconds = 0
  return {
    now: () => new Date(Date.UTC(2026, 0, 1, 12, 0, seconds)),
    monotonicSeconds: () => seconds++,
    sleep: (duration, signal) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, Math.min(duration * 10, 100))
        signal?.addEventListener('abort', () => {
          clearTimeout(timer)
          resolve()
        })
      }),
  }
}
