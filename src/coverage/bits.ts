/** Which of a list, as base64: the lowest bit of the first byte is the first. */
export function packBits(indexes: Iterable<number>, length: number): string {
  const bytes = new Uint8Array(Math.ceil(length / 8))
  for (const index of indexes) {
    if (index < 0 || index >= length) throw new RangeError(`bit ${index} of ${length}`)
    bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (1 << (index & 7))
  }
  return Buffer.from(bytes).toString('base64')
}

/** The places that are set, ascending; none beyond `length`. */
export function unpackBits(text: string, length: number): number[] {
  const isSet = readBits(text)
  return [...Array(length).keys()].filter(isSet)
}

/** Tells of each place whether it is set; none beyond the text is. */
export function readBits(text: string): (index: number) => boolean {
  const bytes = Buffer.from(text, 'base64')
  return (index) => ((bytes[index >> 3] ?? 0) >> (index & 7)) % 2 === 1
}
