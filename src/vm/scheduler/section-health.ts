/** Guests that end before their first test, one after the other, until the section is given up. */
const MOST_EARLY_DEATHS = 3
/** Guests that die under their first test, one after the other, until the section is given up: every one costs a boot. */
const MOST_BARREN_GUESTS = 8
/** Batches that end without starting a test, one after the other, until the section is given up: of several tests, and of one test alone. */
const MOST_BARREN_BATCHES = 2
const MOST_BARREN_SINGLES = 3

/** How one guest's life went. */
export interface GuestLife {
  readonly testsStarted: number
  readonly testsEnded: number
  /** How it ended, in words. */
  readonly end: string
}

export type Verdict = { readonly kind: 'go-on' } | { readonly kind: 'abandon'; readonly reason: string }

interface Deaths {
  early: number
  barren: number
  barrenBatches: number
}

/** Bounds crash loops: counts, for each section, guests that died in a row without getting anywhere. */
export class SectionHealth {
  private readonly deaths = new Map<string, Deaths>()

  /**
   * A guest died although there was work.
   * @param others guests still serving the section: while one of them is alive its verdict is waited for
   */
  died(section: string, life: GuestLife, others: number): Verdict {
    const deaths = this.of(section)
    if (life.testsStarted > 0) deaths.early = 0
    else deaths.early += 1
    if (life.testsEnded > 0) deaths.barren = 0
    else if (life.testsStarted > 0) deaths.barren += 1
    if (deaths.early >= MOST_EARLY_DEATHS && others === 0) {
      return { kind: 'abandon', reason: `${deaths.early} guests in a row ended before any test; the last: ${life.end}` }
    }
    if (deaths.barren >= MOST_BARREN_GUESTS) {
      return { kind: 'abandon', reason: `${deaths.barren} guests in a row died under their first test; the last: ${life.end}` }
    }
    return { kind: 'go-on' }
  }

  /** A test ended: the section works. */
  testEnded(section: string): void {
    this.deaths.set(section, { early: 0, barren: 0, barrenBatches: 0 })
  }

  /** A batch ended without starting a test. True when the section is to be given up. */
  batchBarren(section: string, tests: number): boolean {
    const deaths = this.of(section)
    deaths.barrenBatches += 1
    return deaths.barrenBatches >= (tests > 1 ? MOST_BARREN_BATCHES : MOST_BARREN_SINGLES)
  }

  /** False where fresh guests keep dying and another guest of the section is still at work. */
  mayStart(section: string, others: number): boolean {
    return others === 0 || this.of(section).early < MOST_EARLY_DEATHS
  }

  private of(section: string): Deaths {
    const deaths = this.deaths.get(section) ?? { early: 0, barren: 0, barrenBatches: 0 }
    this.deaths.set(section, deaths)
    return deaths
  }
}
