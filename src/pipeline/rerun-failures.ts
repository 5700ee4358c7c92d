import type { RunRecord } from '../domain/record.js'
import type { VmRun } from '../domain/vm-run.js'
import { restrict } from '../plan/select.js'
import type { Ports } from '../ports/index.js'
import { testsToRerun } from '../results/index.js'
import { type GuestsOptions, runGuests } from './run-guests.js'

export interface RerunOptions extends Omit<GuestsOptions, 'firstGuest' | 'testsPerGuest'> {
  readonly vmRun: VmRun
  /** The verdicts so far. */
  readonly judge: (vmRun: VmRun) => Promise<RunRecord>
}

/** Runs failing tests again, each in a fresh VM, as often as the plan allows. The worst verdict stands; a later pass makes it flaky. */
export async function rerunFailures(options: RerunOptions, ports: Ports): Promise<VmRun> {
  const { run, selection, onProgress } = options
  let vmRun = options.vmRun
  for (let round = 1; round <= run.plan.rerunFailed; round++) {
    if (vmRun.stopped !== null || options.signal.aborted) break
    const again = testsToRerun(await options.judge(vmRun))
    const failed = restrict(selection, again)
    const { tests } = failed
    if (tests.length === 0) break
    onProgress({ kind: 'stage', stage: 'vm', message: `running ${tests.length} failed again (${round} of ${run.plan.rerunFailed})` })
    const firstGuest = Math.max(0, ...vmRun.guests.map(({ id }) => id)) + 1
    const more = await runGuests({ ...options, selection: failed, firstGuest, testsPerGuest: 1 }, ports)
    vmRun = {
      ...vmRun,
      guests: [...vmRun.guests, ...more.guests],
      batches: [...vmRun.batches, ...more.batches],
      // A section that cannot be run again was tested once all the same.
      stopped: more.stopped?.kind === 'cancelled' ? more.stopped : vmRun.stopped,
    }
  }
  return vmRun
}
