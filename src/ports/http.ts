/** An answer whose body has not been read yet. */
export interface HttpResponse {
  readonly status: number
  /** Of the body, where the server says it. */
  readonly sizeBytes: number | null
  /** Throws when the connection ends early or stalls. Read it or `discard` it. */
  readonly body: AsyncIterable<Uint8Array>
  discard(): Promise<void>
}

/** Downloads. */
export interface Http {
  /**
   * Follows redirects. Any status is an answer.
   * @throws Error when no answer comes: no such host, refused, no byte for `stallSeconds`
   */
  get(url: string, options: { readonly stallSeconds: number }): Promise<HttpResponse>
}
