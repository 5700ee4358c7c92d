import { assertNever } from '../domain/errors.js'
import type { UploadPolicy } from '../domain/inputs.js'
import { showsSummary } from '../domain/servers.js'
import type { Published, Report } from '../domain/stages.js'
import type { Ports } from '../ports/index.js'
import { selectArtifactFiles } from './artifact-files.js'
import { outputsOf } from './outputs.js'
import { shortTable } from './short-table.js'
import type { Uploaded } from './uploaded.js'

type PublishPorts = Pick<Ports, 'runner' | 'files' | 'artifactStore'>

export interface PublishOptions {
  readonly runDirectory: string
  /** Whether the step is red, as the policy (`fail-on`) has it. */
  readonly failed: boolean
}

/**
 * Hands the report to the workflow: annotations, job summary, artifact, outputs, and the step's conclusion.
 * The upload comes first, since losing results is worse than losing their rendering; its failure is a note.
 */
export async function publish(report: Report, options: PublishOptions, ports: PublishPorts): Promise<Published> {
  const { plan, conclusion } = report.record
  const { runDirectory, failed } = options
  const upload = await uploadResults(
    {
      policy: plan.upload,
      failed: conclusion.kind !== 'passed',
      name: plan.artifactName,
      runDirectory,
      ...(plan.retentionDays === undefined ? {} : { retentionDays: plan.retentionDays }),
    },
    ports,
  )
  for (const annotation of report.annotations) ports.runner.annotate(annotation)
  const renamed =
    upload.name === null || upload.name === plan.artifactName
      ? ''
      : `The artifact's name is \`${upload.name}\`: \`${plan.artifactName}\` was taken.\n`
  await showReport({ ...report, summaryMarkdown: report.summaryMarkdown + renamed }, ports)
  const outputs = outputsOf(report, runDirectory, upload)
  for (const [name, value] of Object.entries(outputs)) ports.runner.setOutput(name, value)
  if (failed) ports.runner.setFailed(conclusion.reason)
  return { artifactId: upload.id, artifactNote: upload.note, outputs, failed }
}

/** The report where a person looks: the job's summary, and a short table in the log of a server that shows none. */
export async function showReport(report: Report, { runner }: Pick<PublishPorts, 'runner'>): Promise<void> {
  await runner.writeSummary(report.summaryMarkdown)
  if (!showsSummary(runner.env)) runner.untrusted(shortTable(report))
}

/** What to upload, under which name, by which policy. */
export interface UploadRequest {
  readonly policy: UploadPolicy
  /** True where something other than `passed` was concluded. */
  readonly failed: boolean
  readonly name: string
  readonly runDirectory: string
  /** Absent: as the repository has it. */
  readonly retentionDays?: number
}

/** Uploads a run's directory. Never throws: without the service the files stay where they are, and the log says where. */
export async function uploadResults(request: UploadRequest, ports: PublishPorts): Promise<Uploaded> {
  const { runner, artifactStore, files } = ports
  if (!wanted(request)) return { id: null, name: null, note: null }
  const keep = (reason: string) => {
    const note = `results are not uploaded (${reason}); they are in ${request.runDirectory}`
    runner.warning(note)
    return { id: null, name: null, note }
  }
  if (!artifactStore.available()) return keep('no artifact service')
  try {
    const selection = await selectArtifactFiles(files, request.runDirectory)
    for (const note of selection.notes) runner.info(note)
    if (selection.files.length === 0) return keep('there are none')
    const lasting = request.retentionDays === undefined ? {} : { retentionDays: request.retentionDays }
    const uploaded = await artifactStore.upload(request.name, selection.files, request.runDirectory, lasting)
    if (uploaded.kind === 'failed') return keep(uploaded.reason)
    const name = uploaded.name ?? request.name
    runner.info(`artifact \`${name}\`: ${selection.files.length} files, ${uploaded.sizeBytes} bytes, id ${uploaded.id}`)
    return { id: uploaded.id, name, note: null }
  } catch (error) {
    return keep(error instanceof Error ? error.message : String(error))
  }
}

function wanted({ policy, failed }: UploadRequest): boolean {
  switch (policy) {
    case 'always':
      return true
    case 'failure':
      return failed
    case 'never':
      return false
    default:
      return assertNever(policy, 'upload policy')
  }
}
