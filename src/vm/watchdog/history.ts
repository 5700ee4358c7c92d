import type { TestId } from '../../domain/test.js'
import { testKey } from '../../domain/test-key.js'

/** How long a test took in earlier runs, in one section. */
export interface TestTimes extends TestId {
  /** Newest last. Only runs that came to their own end: a killed test says nothing about its length. */
  readonly samples: readonly TimeSample[]
}

export interface TimeSample {
  readonly seconds: number
  /** The record's `accelerator.timeoutFactor`: 1 for a time measured under KVM. */
  readonly timeoutFactor: number
}

/** What earlier runs teach; `src/results/history.ts` reads it from records. */
export type TestHistory = readonly TestTimes[]

/** What is known about one test's time under the present accelerator. */
export interface KnownTime {
  readonly longestSeconds: number
  readonly medianSeconds: number
  /** True where it was measured under another accelerator: only good for a guess. */
  readonly foreign: boolean
}

/** History by test, with times of another accelerator used only where there are none of ours. */
export class TimeTable {
  private readonly times = new Map<string, readonly TimeSample[]>()

  constructor(
    history: TestHistory,
    private readonly timeoutFactor: number,
  ) {
    for (const test of history) this.times.set(testKey(test), test.samples)
  }

  /** Null without history. Foreign times come back as they were measured, not scaled. */
  known(test: TestId): KnownTime | null {
    const samples = this.times.get(testKey(test)) ?? []
    const ours = samples.filter(({ timeoutFactor }) => timeoutFactor === this.timeoutFactor)
    const used = (ours.length > 0 ? ours : samples).map(({ seconds }) => seconds).sort((a, b) => a - b)
    const longestSeconds = used.at(-1)
    const medianSeconds = used[Math.floor(used.length / 2)]
    if (longestSeconds === undefined || medianSeconds === undefined) return null
    return { longestSeconds, medianSeconds, foreign: ours.length === 0 }
  }
}
