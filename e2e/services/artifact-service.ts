import type { BlobStore } from './blobs.js'
import type { TokenClaims } from './token.js'
import { count, denied, exists, invalid, type Message, missing, optionalText, TwirpError, text } from './twirp.js'

export interface Artifact {
  readonly id: number
  readonly runId: string
  readonly jobId: string
  readonly name: string
  readonly blob: string
  readonly createdAt: string
  /** When it goes; null: as the repository has it. */
  readonly expiresAt: string | null
  sizeBytes: number
  digest: string | null
  finalised: boolean
}

/** The artifact format the clients write since v4 (`version: 7` of CreateArtifact). */
const FORMAT = 7
/** Characters GitHub refuses in an artifact's name. */
const ILLEGAL = /["<>|*?:\r\n\\/]/

/** `github.actions.results.api.v1.ArtifactService`: artifacts of one run; a name can be had once in a run. */
export class ArtifactService {
  readonly artifacts: Artifact[] = []
  #next = 1

  constructor(
    private readonly blobs: BlobStore,
    private readonly now: () => number,
  ) {}

  async call(method: string, token: TokenClaims, message: Message): Promise<Message> {
    const runId = text(message, 'workflow_run_backend_id')
    const jobId = text(message, 'workflow_job_run_backend_id')
    // What another job of the run uploaded is asked for by that job's id (@actions/artifact, internal/download/download-artifact.js).
    const isOwnJob = jobId === token.jobId || method === 'GetSignedArtifactURL'
    if (runId !== token.runId || !isOwnJob) throw denied('the token is of another run or job')
    switch (method) {
      case 'CreateArtifact':
        return this.#create(token, message)
      case 'FinalizeArtifact':
        return this.#finalise(token, message)
      case 'ListArtifacts':
        return this.#list(token, message)
      case 'GetSignedArtifactURL':
        return { name: text(message, 'name'), signed_url: this.blobs.downloadUrl(this.#named(token, text(message, 'name')).blob) }
      case 'DeleteArtifact':
        return this.#delete(token, text(message, 'name'))
      default:
        throw new TwirpError(404, 'bad_route', `no method ${method}`)
    }
  }

  #create({ runId, jobId }: TokenClaims, message: Message): Message {
    const name = text(message, 'name')
    if (ILLEGAL.test(name)) throw invalid(`artifact name ${name} has an illegal character`)
    if (message.version !== FORMAT) throw invalid(`version ${String(message.version)} is not ${FORMAT}`)
    if (this.artifacts.some((artifact) => artifact.runId === runId && artifact.name === name)) {
      throw exists('an artifact with this name already exists on the workflow run')
    }
    const blob = this.blobs.create(optionalText(message, 'mime_type') ?? 'application/zip')
    const createdAt = new Date(this.now()).toISOString()
    const expiresAt = optionalText(message, 'expires_at')
    this.artifacts.push({ id: this.#next++, runId, jobId, name, blob, createdAt, expiresAt, sizeBytes: 0, digest: null, finalised: false })
    return { ok: true, signed_upload_url: this.blobs.uploadUrl(blob) }
  }

  async #finalise({ runId, jobId }: TokenClaims, message: Message): Promise<Message> {
    const name = text(message, 'name')
    const artifact = this.artifacts.find((a) => a.runId === runId && a.jobId === jobId && a.name === name && !a.finalised)
    if (artifact === undefined) throw missing(`no artifact ${name} is being uploaded`)
    const sizeBytes = count(message, 'size')
    const stored = await this.blobs.sizeBytes(artifact.blob)
    if (stored !== sizeBytes) throw invalid(`uploaded ${stored ?? 'no'} bytes, told ${sizeBytes}`)
    const digest = `sha256:${await this.blobs.sha256(artifact.blob)}`
    const told = optionalText(message, 'hash')
    if (told !== null && told !== digest) throw invalid(`uploaded ${digest}, told ${told}`)
    Object.assign(artifact, { sizeBytes, digest, finalised: true })
    return { ok: true, artifact_id: String(artifact.id) }
  }

  #list({ runId }: TokenClaims, message: Message): Message {
    const name = optionalText(message, 'name_filter')
    const id = optionalText(message, 'id_filter')
    const found = this.artifacts.filter(
      (a) => a.finalised && a.runId === runId && (name === null || a.name === name) && (id === null || String(a.id) === id),
    )
    return {
      artifacts: found.map((artifact) => ({
        workflow_run_backend_id: artifact.runId,
        workflow_job_run_backend_id: artifact.jobId,
        database_id: String(artifact.id),
        name: artifact.name,
        size: String(artifact.sizeBytes),
        created_at: artifact.createdAt,
        digest: artifact.digest,
      })),
    }
  }

  async #delete(token: TokenClaims, name: string): Promise<Message> {
    const artifact = this.#named(token, name)
    this.artifacts.splice(this.artifacts.indexOf(artifact), 1)
    await this.blobs.remove(artifact.blob)
    return { ok: true, artifact_id: String(artifact.id) }
  }

  #named({ runId }: TokenClaims, name: string): Artifact {
    const artifact = this.artifacts.find((a) => a.finalised && a.runId === runId && a.name === name)
    if (artifact === undefined) throw missing(`no artifact ${name}`)
    return artifact
  }
}
