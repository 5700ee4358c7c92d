/** What became of an upload: each field null where there is no such thing. */
export interface Uploaded {
  readonly id: number | null
  /** The name it has: another one than asked for, where that was taken. */
  readonly name: string | null
  /** Why there is none. */
  readonly note: string | null
}
