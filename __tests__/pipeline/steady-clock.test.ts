import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { steadyClock } from '../../src/pipeline/steady-clock.js'

/** A machine whose wall clock somebody sets. */
class JumpingMachine {
  wallMs = Date.UTC(2026, 0, 1)
  seconds = 1000

  pass(seconds: number): void {
    this.wallMs += seconds * 1000
    this.seconds += seconds
  }

  readonly clock = { now: () => new Date(this.wallMs), monotonicSeconds: () => this.seconds, sleep: async () => undefined }
}

test('whatever is done to the wall clock, times of a run never go back and durations are the real ones', () => {
  const step = fc.record({ passes: fc.nat(3600), jumpsMs: fc.integer({ min: -4e11, max: 4e11 }) })
  void fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      const machine = new JumpingMachine()
      const startedAt = machine.clock.now()
      const clock = steadyClock({ startedAt, startedSeconds: machine.clock.monotonicSeconds() }, machine.clock)
      let passed = 0
      for (const { passes, jumpsMs } of steps) {
        const before = clock.now().getTime()
        machine.wallMs += jumpsMs
        machine.pass(passes)
        passed += passes
        expect(clock.now().getTime() - before).toBe(passes * 1000)
      }
      expect(clock.now().getTime() - startedAt.getTime()).toBe(passed * 1000)
      expect(clock.monotonicSeconds()).toBe(1000 + passed)
    }),
  )
})
