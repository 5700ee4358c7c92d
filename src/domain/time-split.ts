import * as z from 'zod'

const part = (what: string) => z.number().nonnegative().describe(what)

/** Seconds of the clock: everything but `wholeSeconds` adds up to that. What guests do side by side counts by its share of them. */
export const timeSplitSchema = z.object({
  wholeSeconds: part('From the start of the run until this was written.'),
  nixSeconds: part('Finding or installing Nix, and what the store cache brought back.'),
  kernelSeconds: part("A kernel tree's own build."),
  bundleSeconds: part('Nix evaluating and building the bundle; the kernel with it where Nix builds that.'),
  bootSeconds: part('Guests from the start of QEMU until they asked for work, and from their last test to the end of QEMU.'),
  startSeconds: part('Starts of a suite: from the word what to run until its first test.'),
  testSeconds: part('Tests, as long as their suite says where it says so, else until the next one began.'),
  betweenSeconds: part("Between two tests of one start, and after the last: the suite's own work, and sending what a test left."),
  idleSeconds: part('Places for a guest that had none, between the first guest’s start and the last one’s end.'),
  baseSeconds: part('New failures on the base.'),
  reportSeconds: part('Reading the results; the page and the other renderings are written after this.'),
  oursSeconds: part('Everything else, which is this program’s own.'),
})
/** Where the time of a run went. */
export type TimeSplit = z.infer<typeof timeSplitSchema>
