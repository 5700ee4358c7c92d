import type { Selection } from '../../src/domain/plan.js'
import type { BatchRun, GuestRun, VmExit, VmRun } from '../../src/domain/vm-run.js'
import { buildRecord, type RecordInput } from '../../src/results/index.js'
import { aRecord, aReport, aSection } from '../report/builder.js'
import { treeFiles } from '../suites/tree-files.js'

/** What a run leaves, for the record to be built from. */

export function aGuest(id: number, changes: Partial<GuestRun> = {}): GuestRun {
  return {
    id,
    suite: 'fstests',
    section: 'xfs_4k',
    startedAt: '2026-11-24T05:00:00.000Z',
    endedAt: '2026-11-24T05:10:00.000Z',
    exit: { kind: 'poweroff' },
    boot: { kernelSeconds: 1, initSeconds: 2, readySeconds: 3, firstTestSeconds: 4 },
    consolePath: `guests/${id}/console.log`,
    directory: `guests/${id}`,
    argv: ['qemu-system-x86_64'],
    release: '6.18.0',
    reports: [],
    ...changes,
  }
}

export function aBatch(guest: number, tests: readonly string[], changes: Partial<BatchRun> = {}): BatchRun {
  return {
    guest,
    suite: 'fstests',
    section: 'xfs_4k',
    tests: [...tests],
    directory: `guests/${guest}/batches/1`,
    timeline: [],
    exitStatus: 0,
    died: null,
    notes: [],
    ...changes,
  }
}

export function aVmRun(changes: Partial<VmRun>): VmRun {
  return { guests: [], batches: [], abandonedSections: [], stopped: null, settings: {}, vms: 1, memoryMiB: 2048, cpusPerVm: 1, ...changes }
}

export const panic: VmExit = { kind: 'panic', line: 'Kernel panic - not syncing: Fatal exception' }
export const testTimeout: VmExit = { kind: 'timeout', what: 'test', afterSeconds: 300, lastLine: 'x' }
export const runTimeout: VmExit = { kind: 'timeout', what: 'run', afterSeconds: 3600, lastLine: 'x' }

export function aSelection(names: readonly string[], changes: Partial<Selection> = {}): Selection {
  return { sections: [aSection('xfs_4k')], tests: names.map((name) => ({ suite: 'fstests', section: 'xfs_4k', name })), ...changes }
}

/** What a record is built of, without a tree. */
export function inputOf(vmRun: VmRun, selection: Selection, changes: Partial<RecordInput> = {}): RecordInput {
  const { plan, host } = aRecord([])
  return {
    toolVersion: '0.1.0',
    runId: 'run-2',
    startedAt: '2026-11-24T05:00:00.000Z',
    endedAt: '2026-11-24T05:20:00.000Z',
    plan,
    selection,
    vmRun,
    host,
    accelerator: null,
    revisions: {},
    cache: [],
    problems: [],
    runDirectory: '/run',
    suiteSources: { fstests: '/src' },
    ...changes,
  }
}

/** Builds a record over a tree in memory; the run's directory is `/run`, the suite's sources are `/src`. */
export function build(tree: Readonly<Record<string, string>>, vmRun: VmRun, selection: Selection, changes: Partial<RecordInput> = {}) {
  return buildRecord(treeFiles(tree), inputOf(vmRun, selection, changes))
}

export { aReport }
