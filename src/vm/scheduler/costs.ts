import type { SuiteName } from '../../domain/test.js'

/** What is believed until the first was seen. A runner that looks at its file systems first takes 6 s under emulation. */
const GUESSED_START_SECONDS = { kvm: 0.5, tcg: 6 }
const GUESSED_BOOT_SECONDS = { kvm: 1, tcg: 4 }

interface Seen {
  count: number
  seconds: number
}

/** What it costs to begin, learned from the run as it goes: a start of each suite, and a guest. */
export class Costs {
  private readonly starts = new Map<SuiteName, Seen>()
  private readonly boots: Seen = { count: 0, seconds: 0 }

  constructor(private readonly accelerator: 'kvm' | 'tcg') {}

  /** @param seconds from handing over a batch to its first test */
  started(suite: SuiteName, seconds: number): void {
    const seen = this.starts.get(suite) ?? { count: 0, seconds: 0 }
    this.starts.set(suite, { count: seen.count + 1, seconds: seen.seconds + seconds })
  }

  /** @param seconds from QEMU's start until the guest wanted work */
  booted(seconds: number): void {
    this.boots.count += 1
    this.boots.seconds += seconds
  }

  /** Seconds that one more start of the suite in a running guest costs. */
  startSeconds(suite: SuiteName): number {
    const seen = this.starts.get(suite)
    return seen === undefined ? GUESSED_START_SECONDS[this.accelerator] : seen.seconds / seen.count
  }

  /** Seconds until a fresh guest runs its first test. */
  freshSeconds(suite: SuiteName): number {
    const { count, seconds } = this.boots
    return (count === 0 ? GUESSED_BOOT_SECONDS[this.accelerator] : seconds / count) + this.startSeconds(suite)
  }
}
