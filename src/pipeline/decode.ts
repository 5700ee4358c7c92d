import { type DebugImages, decodeReport } from '../crash/index.js'
import type { BundleKernel } from '../domain/bundle.js'
import { amended } from '../domain/kept-aside.js'
import type { KernelReport } from '../domain/kernel-report.js'
import type { RunRecord } from '../domain/record.js'
import type { Ports } from '../ports/index.js'

/** Beyond this many different reports the rest stays as the kernel printed it: decoding reads the whole vmlinux. */
const MOST_REPORTS = 20

/**
 * Gives the frames of kernel reports their function, file and line, where the kernel's vmlinux with debug information is at hand.
 * The same report is decoded once. A decoder that fails leaves the trace as it is, with a problem in the record.
 */
export async function decodeRecord(record: RunRecord, kernel: BundleKernel | null, { exec }: Pick<Ports, 'exec'>): Promise<RunRecord> {
  if (kernel?.vmlinux === undefined) return record
  const images: DebugImages = { vmlinux: kernel.vmlinux, modules: await findModules(record, kernel.modules, exec) }
  const decoded = new Map<string, KernelReport['frames']>()
  const notes = new Set<string>()
  const decode = async (report: KernelReport): Promise<KernelReport> => {
    const key = JSON.stringify(report.frames)
    if (report.frames.length === 0) return report
    if (!decoded.has(key) && decoded.size < MOST_REPORTS) {
      const result = await decodeReport(report, images, exec)
      for (const note of result.notes) notes.add(note)
      decoded.set(key, [...result.frames])
    }
    return amended(report, { frames: decoded.get(key) ?? report.frames })
  }
  const all = async (reports: readonly KernelReport[]) => {
    const result: KernelReport[] = []
    for (const report of reports) result.push(await decode(report))
    return result
  }
  const tests: RunRecord['tests'] = []
  for (const test of record.tests) {
    const attempts: typeof test.attempts = []
    for (const attempt of test.attempts) attempts.push(amended(attempt, { reports: await all(attempt.reports) }))
    tests.push({ ...test, attempts })
  }
  const unattributedReports = await all(record.unattributedReports)
  return { ...record, tests, unattributedReports, problems: [...record.problems, ...notes] }
}

/** Files of the modules that frames name. The kernel writes `-` in file names as `_` in module names. */
async function findModules(record: RunRecord, directory: string | undefined, exec: Ports['exec']): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  if (directory === undefined) return found
  const reports = [...record.unattributedReports, ...record.tests.flatMap(({ attempts }) => attempts.flatMap((attempt) => attempt.reports))]
  const names = new Set(reports.flatMap(({ frames }) => frames.flatMap(({ module }) => module ?? [])))
  if (names.size === 0) return found
  const listing = await exec.run(['find', directory, '-name', '*.ko', '-type', 'f'])
  for (const path of listing.stdout.split('\n')) {
    const name = path.slice(path.lastIndexOf('/') + 1, -'.ko'.length).replaceAll('-', '_')
    if (names.has(name)) found.set(name, path)
  }
  return found
}
