export interface ReadContext {
  readonly toolVersion: string
  /** ISO 8601; stands in for times the results do not have. */
  readonly now: string
}
