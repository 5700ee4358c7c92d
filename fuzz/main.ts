import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BlockCoverage } from './coverage.js'
import { mutate, seededRandom } from './mutate.js'
import type { Target } from './target.js'
import { TARGETS } from './targets/index.js'

/** An input that takes more processor time is a finding: the inputs are small. A busy machine is none. */
const LONGEST_MS = 2000
/** Inputs run between two looks at the coverage: a look costs as much as many runs. */
const BATCH = 24

interface Finding {
  readonly input: Uint8Array
  readonly reason: string
}

async function tryInput(target: Target, input: Uint8Array): Promise<Finding | null> {
  const before = process.cpuUsage()
  try {
    await target.run(input)
  } catch (error) {
    return { input, reason: error instanceof Error ? (error.stack ?? error.message) : String(error) }
  }
  const { user, system } = process.cpuUsage(before)
  const took = (user + system) / 1000
  return took > LONGEST_MS ? { input, reason: `one input of ${input.length} bytes took ${Math.round(took)} ms` } : null
}

/** The input that broke a promise, with as little in it as a few seconds of leaving out find. */
async function shrink(target: Target, finding: Finding): Promise<Finding> {
  let best = finding
  const until = performance.now() + 5000
  for (let size = Math.ceil(best.input.length / 2); size >= 1 && performance.now() < until; size = Math.floor(size / 2)) {
    for (let at = 0; at < best.input.length && performance.now() < until; ) {
      const less = Buffer.concat([best.input.subarray(0, at), best.input.subarray(at + size)])
      const found = await tryInput(target, less)
      if (found === null) at += size
      else best = found
    }
  }
  return best
}

interface Outcome {
  readonly finding: Finding | null
  readonly runs: number
  readonly blocks: number
  readonly kept: number
}

async function fuzz(target: Target, seeds: readonly Uint8Array[], seconds: number, seed: number): Promise<Outcome> {
  const coverage = new BlockCoverage(import.meta.url)
  const random = seededRandom(seed)
  const corpus: Uint8Array[] = [new Uint8Array()]
  let runs = 0
  const done = (finding: Finding | null): Outcome => ({ finding, runs, blocks: coverage.size, kept: corpus.length })
  for (const input of seeds) {
    const finding = await tryInput(target, input)
    if (finding !== null) return done(finding)
    coverage.isNew()
    corpus.push(input)
  }
  for (const until = performance.now() + seconds * 1000; performance.now() < until; ) {
    const batch = Array.from({ length: BATCH }, () => {
      // The newest half of the corpus is where the search is; the rest is not forgotten.
      const fresh = random() < 0.5 ? Math.floor(corpus.length / 2) : 0
      const parent = corpus[fresh + Math.floor(random() * (corpus.length - fresh))] ?? new Uint8Array()
      return mutate(parent, { words: target.words, corpus, random })
    })
    for (const input of batch) {
      // A batch of dear inputs on a busy machine is not begun anew, and not ended either: whoever waits takes a late end for a hang.
      if (performance.now() >= until) break
      const finding = await tryInput(target, input)
      if (finding !== null) return done(finding)
      runs += 1
    }
    // Which of them it was is not asked: all are kept, as a batch that found something is rare.
    if (coverage.isNew()) corpus.push(...batch)
  }
  return done(null)
}

function readCorpus(directory: string): readonly Uint8Array[] {
  return readdirSync(directory)
    .sort()
    .map((name) => readFileSync(join(directory, name)))
}

async function main(root: string, name: string, seconds: number, seed: number): Promise<number> {
  const target = TARGETS.find((one) => one.name === name)
  if (target === undefined || !(seconds > 0)) {
    console.error(`usage: npm run fuzz [TARGET|all] [SECONDS] [SEED], with TARGET one of: ${TARGETS.map((one) => one.name).join(', ')}`)
    return 2
  }
  const outcome = await fuzz(target, readCorpus(join(root, 'fuzz/corpus', name)), seconds, seed)
  const { finding, runs, blocks, kept } = outcome
  console.log(
    `${name}: ${runs} inputs in ${seconds} s, ${blocks} block states, ${kept} inputs kept, seed ${seed}: ${finding === null ? 'nothing found' : 'BROKEN'}`,
  )
  if (finding === null) return 0
  const small = await shrink(target, finding)
  const path = join(root, 'fuzz/out', `${name}-${seed}`)
  mkdirSync(join(root, 'fuzz/out'), { recursive: true })
  writeFileSync(path, small.input)
  console.error(
    `${small.reason}\ninput (${small.input.length} bytes) in ${path}: ${JSON.stringify(Buffer.from(small.input).toString().slice(0, 500))}`,
  )
  return 1
}

const [root = '.', name = '', seconds = '60', seed = '1'] = process.argv.slice(2)
process.exitCode = await main(root, name, Number(seconds), Number(seed))
