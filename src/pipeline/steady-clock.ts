import type { Clock } from '../ports/index.js'

/**
 * A clock for one run: the wall clock is read once, when the run starts, and goes on at the pace of the monotonic one. So a
 * runner that sets its clock in the middle (ntpd after the boot, a resumed virtual machine) gives no negative duration, no time
 * limit that is over at once or never, and no log whose lines are out of order.
 */
export function steadyClock(start: { readonly startedAt: Date; readonly startedSeconds: number }, clock: Clock): Clock {
  return {
    now: () => new Date(start.startedAt.getTime() + (clock.monotonicSeconds() - start.startedSeconds) * 1000),
    monotonicSeconds: () => clock.monotonicSeconds(),
    sleep: (seconds, signal) => clock.sleep(seconds, signal),
  }
}
