import type { ByteChannel, Clock } from '../../ports/index.js'
import { LineSplitter } from '../console/line-splitter.js'

export interface QmpEvent {
  readonly event: string
  readonly data: Readonly<Record<string, unknown>>
}

interface Pending {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

const REPLY_CAP_BYTES = 16 * 1024 * 1024

/** QEMU's machine protocol over one connected channel (docs/interop/qmp-spec of QEMU). */
export class QmpClient {
  private readonly pending = new Map<number, Pending>()
  private number = 0
  private closed = false
  private readonly greeted: Promise<void>

  /** Reads the channel to its end; `onEvent` gets what QEMU says unasked. */
  constructor(
    private readonly channel: ByteChannel,
    private readonly clock: Pick<Clock, 'sleep'>,
    private readonly onEvent: (event: QmpEvent) => void,
  ) {
    this.greeted = this.execute('qmp_capabilities', {}, 60).then(
      () => undefined,
      () => undefined,
    )
  }

  /** Serves replies and events until QEMU closes the channel. */
  async read(): Promise<void> {
    const lines = new LineSplitter(REPLY_CAP_BYTES)
    for await (const chunk of this.channel) for (const { text } of lines.feed(chunk)) this.message(text)
    this.closed = true
    for (const { reject } of this.pending.values()) reject(new Error('QEMU closed its monitor'))
    this.pending.clear()
  }

  /** @throws Error when QEMU refuses the command, is gone, or does not answer in time */
  async command(name: string, args: Readonly<Record<string, unknown>>, timeoutSeconds: number): Promise<unknown> {
    await this.greeted
    return this.execute(name, args, timeoutSeconds)
  }

  private async execute(name: string, args: Readonly<Record<string, unknown>>, timeoutSeconds: number): Promise<unknown> {
    if (this.closed) throw new Error('QEMU closed its monitor')
    this.number += 1
    const id = this.number
    const answer = new Promise<unknown>((resolve, reject) => this.pending.set(id, { resolve, reject }))
    // It may be rejected while the write below still waits.
    answer.catch(() => undefined)
    const expired = new AbortController()
    const late = this.clock.sleep(timeoutSeconds, expired.signal).then(() => {
      if (!expired.signal.aborted) this.pending.get(id)?.reject(new Error(`QEMU did not answer ${name} within ${timeoutSeconds} s`))
    })
    try {
      await this.channel.write(`${JSON.stringify({ execute: name, arguments: args, id })}\n`)
      return await answer
    } finally {
      this.pending.delete(id)
      expired.abort()
      await late
    }
  }

  private message(text: string): void {
    const message = parseObject(text)
    if (typeof message.event === 'string') {
      this.onEvent({ event: message.event, data: asObject(message.data) })
      return
    }
    const waiting = typeof message.id === 'number' ? this.pending.get(message.id) : undefined
    if (waiting === undefined) return
    if ('error' in message) waiting.reject(new Error(`QEMU: ${String(asObject(message.error).desc)}`))
    else waiting.resolve(message.return)
  }
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return asObject(JSON.parse(text))
  } catch {
    return {}
  }
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
