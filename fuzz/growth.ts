import type { Target } from './target.js'
import { TARGETS } from './targets/index.js'

/*
 * How a parser's time grows with its text: `node scripts/growth.mjs [TARGET…]`. Every byte that any grammar here knows and every word of the
 * target's is repeated, alone and behind each word, and the text doubled until reading takes long enough to be measured. A doubling
 * may take 2.4 times the processor time; prints one line of JSON for each that takes more, and ends with 1.
 */

const BYTES = [...' \t\n\0()[]{}<>*?./\\\'"-+:;,=#&|$@!%^_~`0aZ\u00e9']
const FIRST_CHARACTERS = 8 * 1024
const MOST_CHARACTERS = 1024 * 1024
/** What takes less is not measured well. */
const ENOUGH_MILLISECONDS = 60
/** What takes more has shown what it is. */
const TOO_MUCH_MILLISECONDS = 4000
const MOST_GROWTH = 2.4
const SAMPLES = 5

const encoder = new TextEncoder()

async function milliseconds(target: Target, text: string): Promise<number> {
  const input = encoder.encode(text)
  globalThis.gc?.()
  const before = process.cpuUsage()
  try {
    await target.run(input)
  } catch {
    // What it makes of the text is the fuzzer's question; how long it takes is ours.
  }
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

async function median(target: Target, text: string): Promise<number> {
  const times: number[] = []
  for (let sample = 0; sample < SAMPLES; sample += 1) times.push(await milliseconds(target, text))
  return times.sort((a, b) => a - b)[Math.floor(SAMPLES / 2)] ?? 0
}

interface Growth {
  readonly characters: number
  readonly milliseconds: number
  /** By how much the time grew at each of the last two doublings, on average. */
  readonly growth: number
}

/** Null where the largest text is read faster than can be measured. `from`: of the smallest text. */
async function growthOf(target: Target, textOf: (characters: number) => string, from = FIRST_CHARACTERS): Promise<Growth | null> {
  let characters = from
  let last = await milliseconds(target, textOf(characters))
  while (last < ENOUGH_MILLISECONDS && characters < MOST_CHARACTERS) {
    characters *= 2
    last = await milliseconds(target, textOf(characters))
  }
  if (last < ENOUGH_MILLISECONDS) return null
  if (last > TOO_MUCH_MILLISECONDS) return { characters, milliseconds: last, growth: Number.POSITIVE_INFINITY }
  const times = [await median(target, textOf(characters / 4)), await median(target, textOf(characters))]
  return { characters, milliseconds: times[1] ?? 0, growth: Math.sqrt((times[1] ?? 0) / Math.max(times[0] ?? 0, 0.1)) }
}

const fill = (prefix: string, token: string, suffix: string) => (characters: number) =>
  `${prefix}${token.repeat(Math.max(1, Math.ceil((characters - prefix.length) / token.length)))}${suffix}`

/** The texts that a target's time is measured on. */
export function shapesOf(target: Target): readonly (readonly [name: string, textOf: (characters: number) => string])[] {
  const tokens = [...BYTES, ...target.words]
  const prefixes = ['', ...target.words]
  return prefixes.flatMap((prefix) =>
    tokens.flatMap((token) => ['', '\n'].map((suffix) => [JSON.stringify([prefix, token, suffix]), fill(prefix, token, suffix)] as const)),
  )
}

async function main(): Promise<void> {
  const [share = '1', ...names] = process.argv.slice(2)
  let bad = 0
  let measured = 0
  for (const target of TARGETS.filter(({ name }) => names.length === 0 || names.includes(name))) {
    for (const [index, [shape, textOf]] of shapesOf(target).entries()) {
      if (index % Number(share) !== 0) continue
      measured += 1
      let found = await growthOf(target, textOf)
      // A busy machine measures badly, and a text that no longer fits some cache or nursery makes one step: what is really worse is so again, of
      // a text of twice the length too.
      for (let again = 0; again < 3 && found !== null && found.growth > MOST_GROWTH; again += 1) {
        if (found.growth === Number.POSITIVE_INFINITY) break
        found = await growthOf(target, textOf, again === 0 ? undefined : found.characters * 2)
      }
      if (found === null || found.growth <= MOST_GROWTH) continue
      bad += 1
      console.log(JSON.stringify({ target: target.name, shape, ...found }))
    }
  }
  console.log(JSON.stringify({ measured, bad }))
  process.exitCode = bad === 0 ? 0 : 1
}

await main()
