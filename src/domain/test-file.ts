/** A name on disk, with an extension behind it, has at most 255 bytes. */
const LONGEST = 200

/**
 * What the files of a test are called that the guest's agent ran as a program of its own: the name with every byte outside `[A-Za-z0-9._-]`
 * written `%XX`, so that different names stay different. One that gets too long is cut and ends in `%` and a hash.
 */
export function testFileName(name: string): string {
  const escaped = [...Buffer.from(name)].map((byte) => {
    const character = String.fromCharCode(byte)
    return /[A-Za-z0-9._-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  })
  const whole = escaped.join('')
  // An escape is `%` and two capitals or digits, never `%x`.
  return whole.length <= LONGEST ? whole : `${escaped.slice(0, 60).join('')}%x${hash(name)}`
}

/** FNV-1a with 32 bits, twice: of the name, and of the name from behind. */
function hash(name: string): string {
  const bytes = [...Buffer.from(name)]
  return [bytes, [...bytes].reverse()]
    .map((order) => order.reduce((sum, byte) => Math.imul(sum ^ byte, 0x01000193) >>> 0, 0x811c9dc5))
    .map((sum) => sum.toString(16).padStart(8, '0'))
    .join('')
}
