// The same measurement of two builds, in turns. Each side is a process that is warm, with the benchmark of this checkout bundled against its build;
// it does a round whenever it is told to. Compared is processor time, of the process and of the guests it waited for: other work on the machine changes
// the time on the clock, and hardly this.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { median } from '../src/domain/median.js'

/** The word by which a benchmark is a side. */
export const SIDE = '--side'
const ANSWER = 'cost '

interface Cost {
  readonly seconds: number
  readonly processorSeconds: number
}

export interface Beside {
  /** Median of the rounds' ratios of processor time. */
  readonly oursOverOld: number
  readonly oursProcessorSeconds: readonly number[]
  readonly oldProcessorSeconds: readonly number[]
}

/** Seconds of the processor so far, of this process and of all it has waited for (proc(5): utime, stime, cutime, cstime at 100 Hz). */
function processorSeconds(): number {
  const fields = readFileSync('/proc/self/stat', 'utf8').split(') ').at(-1)?.split(' ') ?? []
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / 100
}

/** A side: measures a round for each line on standard input. */
export async function serveRounds(round: () => Promise<void>): Promise<void> {
  console.log('ready')
  for await (const _line of createInterface({ input: process.stdin })) {
    const [processor, clock] = [processorSeconds(), performance.now()]
    await round()
    const cost: Cost = { seconds: (performance.now() - clock) / 1000, processorSeconds: processorSeconds() - processor }
    console.log(`${ANSWER}${JSON.stringify(cost)}`)
  }
}

interface Side {
  round(): Promise<Cost>
  close(): void
}

/** @throws Error where it ends before it has answered */
async function startSide(bench: string, checkout: string, words: readonly string[]): Promise<Side> {
  const child = spawn(process.execPath, [join(process.cwd(), 'scripts/bench.mjs'), bench, SIDE, ...words], {
    env: { ...process.env, VMTEST_BENCH_OF: checkout },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const until = async (start: string): Promise<string> => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`the benchmark of ${checkout} ended`)
      if (value.startsWith(start)) return value.slice(start.length)
    }
  }
  await until('ready')
  const round = async () => {
    child.stdin.write('round\n')
    return JSON.parse(await until(ANSWER)) as Cost
  }
  return { round, close: () => child.stdin.end() }
}

/** Lets a benchmark (a name of bench/, which knows `SIDE`) be done by this build and by an older one's checkout. */
export async function besideOld(
  bench: string,
  old: string,
  { rounds, words }: { readonly rounds: number; readonly words: readonly string[] },
): Promise<Beside> {
  const checkout = resolve(old)
  if (!existsSync(join(checkout, 'scripts/bench.mjs')))
    throw new Error(`${old} is no checkout of this project: it has no scripts/bench.mjs.`)
  const sides = { ours: await startSide(bench, process.cwd(), words), old: await startSide(bench, checkout, words) }
  const costs: { ours: Cost; old: Cost }[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      const cost = { ours: { seconds: 0, processorSeconds: 0 }, old: { seconds: 0, processorSeconds: 0 } }
      for (const side of round % 2 === 0 ? (['ours', 'old'] as const) : (['old', 'ours'] as const)) cost[side] = await sides[side].round()
      costs.push(cost)
      const text = ({ seconds, processorSeconds: processor }: Cost) =>
        `${processor.toFixed(2)} s of the processor (${seconds.toFixed(1)} s)`
      console.log(`round ${round + 1}: ours ${text(cost.ours)}, old ${text(cost.old)}, ${ratio(cost).toFixed(3)}; load ${load()}`)
    }
  } finally {
    for (const side of Object.values(sides)) side.close()
  }
  return {
    oursOverOld: rounded(median(costs.map(ratio)) ?? Number.NaN),
    oursProcessorSeconds: costs.map(({ ours }) => rounded(ours.processorSeconds)),
    oldProcessorSeconds: costs.map((cost) => rounded(cost.old.processorSeconds)),
  }
}

function ratio({ ours, old }: { readonly ours: Cost; readonly old: Cost }): number {
  return ours.processorSeconds / old.processorSeconds
}

function load(): string {
  return readFileSync('/proc/loadavg', 'utf8').split(' ')[0] ?? ''
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000
}
