/** More words than this are not handed to a suite's own runner at once. */
const MOST_TESTS = 1000

/**
 * A guest's fair share of what waits: a start of the suite is paid once for all of it. Longest processing time first: each test goes to the
 * guest that would be free first, so that every share has long tests at its front and short ones at its end, where others can take some.
 * @param expectedSeconds what waits, longest first
 * @param sharers guests that wait for a share of the section, this one among them; at least one
 * @returns places in `expectedSeconds` of the share that begins with the longest, ascending; never empty while something waits
 */
export function fairShare(expectedSeconds: readonly number[], sharers: number): readonly number[] {
  const shares = Array.from({ length: Math.max(1, sharers) }, () => ({ seconds: 0, places: [] as number[] }))
  for (const [place, seconds] of expectedSeconds.entries()) {
    const least = shares.reduce((best, share) => (share.seconds < best.seconds ? share : best))
    least.seconds += seconds
    least.places.push(place)
  }
  return shares[0]?.places.slice(0, MOST_TESTS) ?? []
}
