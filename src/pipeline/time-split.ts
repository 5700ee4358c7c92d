import type { TimeSplit } from '../domain/time-split.js'
import type { GuestRun, VmRun } from '../domain/vm-run.js'

/** Seconds of the stages that come one after another. */
export interface Laps {
  readonly wholeSeconds: number
  readonly nixSeconds: number
  readonly kernelSeconds: number
  readonly bundleSeconds: number
  /** From before the first guest until after the last, whatever ran side by side. */
  readonly guestsSeconds: number
  readonly baseSeconds: number
  readonly reportSeconds: number
}

type GuestTime = Pick<TimeSplit, 'bootSeconds' | 'startSeconds' | 'testSeconds' | 'betweenSeconds'>

/** Splits a run's clock: the stages as they came, the guests' by what each guest did, and the rest is ours. */
export function timeSplit({ guestsSeconds, ...laps }: Laps, vmRun: Pick<VmRun, 'guests' | 'batches' | 'vms'>): TimeSplit {
  const places = Math.max(1, vmRun.vms)
  const times = vmRun.guests.map((guest) => timeOfGuest(guest, vmRun.batches))
  const sum = (key: keyof GuestTime) => times.reduce((all, time) => all + time[key], 0)
  const busy = sum('bootSeconds') + sum('startSeconds') + sum('testSeconds') + sum('betweenSeconds')
  // Guests that more places had than were meant to (one that was left behind): their shares are smaller.
  const share = Math.min(1 / places, busy === 0 ? 1 : guestsSeconds / busy)
  const { wholeSeconds, ...known } = {
    ...laps,
    bootSeconds: sum('bootSeconds') * share,
    startSeconds: sum('startSeconds') * share,
    testSeconds: sum('testSeconds') * share,
    betweenSeconds: sum('betweenSeconds') * share,
    idleSeconds: Math.max(0, Math.min(guestsSeconds, spanOf(vmRun.guests)) - busy * share),
  }
  const rest = wholeSeconds - Object.values(known).reduce((all, seconds) => all + seconds, 0)
  return { wholeSeconds, ...known, oursSeconds: Math.max(0, rest) }
}

/** Seconds from the first guest's start to the last one's end. What comes before and after, making disks for example, is nobody's idleness. */
function spanOf(guests: VmRun['guests']): number {
  const starts = guests.map(({ startedAt }) => seconds(startedAt))
  const ends = guests.map(({ endedAt }) => seconds(endedAt))
  return guests.length === 0 ? 0 : Math.max(0, Math.max(...ends) - Math.min(...starts))
}

function timeOfGuest(guest: GuestRun, batches: VmRun['batches']): GuestTime {
  const [from, to] = [seconds(guest.startedAt), seconds(guest.endedAt)]
  const within = (at: number) => Math.min(Math.max(at, from), Math.max(from, to))
  const time = { bootSeconds: 0, startSeconds: 0, testSeconds: 0, betweenSeconds: 0 }
  let at = within(from + (guest.boot.readySeconds ?? Number.POSITIVE_INFINITY))
  time.bootSeconds = at - from
  for (const batch of batches.filter((each) => each.guest === guest.id)) {
    for (const [place, test] of batch.timeline.entries()) {
      const start = Math.max(at, within(seconds(test.startedAt)))
      const end = Math.max(start, test.endedAt === null ? Math.max(from, to) : within(seconds(test.endedAt)))
      // A suite that says how long a test took works on afterwards: its checks of the file system and of the kernel's log.
      const took = Math.min(end - start, test.seconds ?? Number.POSITIVE_INFINITY)
      time[place === 0 ? 'startSeconds' : 'betweenSeconds'] += start - at
      time.testSeconds += took
      time.betweenSeconds += end - start - took
      at = end
    }
  }
  time.bootSeconds += Math.max(from, to) - at
  return time
}

function seconds(stamp: string): number {
  return Date.parse(stamp) / 1000
}
