import type { Http, HttpResponse } from '../http.js'

/** HTTP with Node's own fetch. */
export function createHttp(): Http {
  return { get }
}

async function get(url: string, { stallSeconds }: { readonly stallSeconds: number }): Promise<HttpResponse> {
  const watch = new StallWatch(stallSeconds)
  try {
    const response = await fetch(url, { signal: watch.signal, redirect: 'follow' })
    watch.feed()
    const length = response.headers.get('content-length')
    return {
      status: response.status,
      sizeBytes: length === null ? null : Number(length),
      body: read(response, watch),
      discard: async () => {
        watch.stop()
        await response.body?.cancel()
      },
    }
  } catch (error) {
    watch.stop()
    throw watch.reason(error)
  }
}

async function* read(response: Response, watch: StallWatch): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of response.body ?? []) {
      watch.feed()
      yield chunk
    }
  } catch (error) {
    throw watch.reason(error)
  } finally {
    watch.stop()
  }
}

/** Aborts when nothing has come for a while. */
class StallWatch {
  readonly #abort = new AbortController()
  readonly #stallSeconds: number
  #timer: NodeJS.Timeout | undefined

  constructor(stallSeconds: number) {
    this.#stallSeconds = stallSeconds
    this.feed()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  feed(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#abort.abort(), this.#stallSeconds * 1000)
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  /** undici hides what happened in the cause. */
  reason(error: unknown): unknown {
    if (this.#abort.signal.aborted) return new Error(`no byte came for ${this.#stallSeconds} s`, { cause: error })
    return error instanceof Error && error.cause instanceof Error ? error.cause : error
  }
}
