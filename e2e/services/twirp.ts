/** What a Twirp method answers when it does not succeed: an HTTP status and a JSON body with `code` and `msg`. */
export class TwirpError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly retryAfterSeconds?: number,
  ) {
    super(message)
  }
}

export const invalid = (message: string) => new TwirpError(400, 'invalid_argument', message)
export const denied = (message: string) => new TwirpError(403, 'permission_denied', message)
export const exists = (message: string) => new TwirpError(409, 'already_exists', message)
export const missing = (message: string) => new TwirpError(404, 'not_found', message)

export type Message = Readonly<Record<string, unknown>>

/** A string field of a request; protobuf's JSON leaves out what is empty, and writes int64 and wrappers as plain strings. */
export function text(message: Message, field: string): string {
  const value = message[field]
  if (typeof value !== 'string' || value === '') throw invalid(`${field} is missing`)
  return value
}

export function optionalText(message: Message, field: string): string | null {
  const value = message[field]
  return typeof value === 'string' && value !== '' ? value : null
}

export function count(message: Message, field: string): number {
  const value = Number(message[field] ?? 0)
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(`${field} is not a number of bytes`)
  return value
}
