import type { Report } from '../domain/stages.js'
import { TOOL_VERSION } from '../domain/version.js'
import { recoverRecord } from '../pipeline/recover.js'
import type { Ports } from '../ports/index.js'
import { writeReport } from '../report/index.js'
import { parseRecord } from '../results/index.js'

/** The report of a run whose main did not live to publish it: from its record, or from what it left. */
export async function recoverReport(directory: string, ports: Ports): Promise<Report | null> {
  const path = `${directory}/run.json`
  const written = (await ports.files.stat(path)) !== null
  const record = written ? parseRecord(await ports.files.readText(path), path) : await recoverRecord(directory, TOOL_VERSION, ports)
  return record === null ? null : writeReport(record, null, { directory, artifactName: record.plan.artifactName }, ports)
}
