import { describeError } from '../../domain/errors.js'
import type { ArtifactOptions, ArtifactStore, ArtifactUpload } from '../services.js'
import { withDeadline } from './deadline.js'
import { hasArtifactService } from './runtime-token.js'
import { startServiceProcess } from './service-process.js'

export interface ArtifactLimits {
  /** All attempts of one upload together. */
  readonly uploadSeconds: number
  readonly downloadSeconds: number
  /** Pause before the second attempt; doubled for each further one. */
  readonly pauseSeconds: number
}

/** Each is up to five requests of the client's own. */
const MOST_ATTEMPTS = 4
const DEFAULT_LIMITS: ArtifactLimits = { uploadSeconds: 300, downloadSeconds: 300, pauseSeconds: 2 }

/** The part of `@actions/artifact` used here. */
interface ArtifactClientPart
  extends Pick<import('@actions/artifact').ArtifactClient, 'uploadArtifact' | 'downloadArtifact' | 'getArtifact' | 'listArtifacts'> {
  /** Ends the client, and what it is about. */
  close?(): void
}

type OpenClient = () => Promise<ArtifactClientPart>

/** The workflow's artifacts through `@actions/artifact`, in a process of its own. A failure is a value. */
export function createArtifactStore(
  env: Readonly<Record<string, string | undefined>>,
  limits: ArtifactLimits = DEFAULT_LIMITS,
  open: OpenClient = () => openClient(env),
): ArtifactStore {
  const available = hasArtifactService(env)
  return {
    available: () => available,
    upload: (name, files, root, options = {}) =>
      available
        ? upload({ name, files, root, options, limits, open })
        : Promise.resolve({ kind: 'failed', reason: 'no artifact service in this environment' }),
    list: () => (available ? list(limits, open) : Promise.resolve(null)),
    download: (name, directory) => (available ? download(name, directory, limits, open) : Promise.resolve(null)),
  }
}

/**
 * The client takes every server that is not github.com for GitHub Enterprise Server and refuses (6.2, lib/internal/shared/config.js:22). Who serves
 * artifacts all the same (`hasArtifactService`) is therefore called by that name, for this one process.
 */
async function openClient(env: Readonly<Record<string, string | undefined>>): Promise<ArtifactClientPart> {
  const service = await startServiceProcess('artifact', env.RUNNER_TEMP || '/tmp', { ...env, GITHUB_SERVER_URL: 'https://github.com' })
  const { call, close } = service
  return {
    uploadArtifact: (...args) => call('uploadArtifact', ...args) as ReturnType<ArtifactClientPart['uploadArtifact']>,
    getArtifact: (...args) => call('getArtifact', ...args) as ReturnType<ArtifactClientPart['getArtifact']>,
    listArtifacts: (...args) => call('listArtifacts', ...args) as ReturnType<ArtifactClientPart['listArtifacts']>,
    downloadArtifact: (...args) => call('downloadArtifact', ...args) as ReturnType<ArtifactClientPart['downloadArtifact']>,
    close,
  }
}

interface UploadRequest {
  readonly name: string
  readonly files: readonly string[]
  readonly root: string
  readonly options: ArtifactOptions
  readonly limits: ArtifactLimits
  readonly open: OpenClient
}

/** Names tried where others have taken the one asked for: jobs of one run share the names, and a matrix has at most 256 of them. */
const MOST_NAMES = 600

/**
 * Tries until the deadline. A name is had once in a run: another job may have taken it, and an attempt that broke off may have reserved it.
 * So every further attempt has the next number.
 */
async function upload(request: UploadRequest): Promise<ArtifactUpload> {
  const { limits } = request
  let reason = `not begun within ${limits.uploadSeconds} s`
  let failures = 0
  const client = await opened(request.open)
  if (typeof client === 'string') return { kind: 'failed', reason: client }
  // The deadline is the service's: a loaded machine takes seconds to start the client.
  const endsAt = performance.now() + limits.uploadSeconds * 1000
  const secondsLeft = () => (endsAt - performance.now()) / 1000
  try {
    for (let number = 1; number <= MOST_NAMES && failures < MOST_ATTEMPTS && secondsLeft() > 0; number++) {
      const name = number === 1 ? request.name : `${request.name}-${number}`
      try {
        const work = client.uploadArtifact(name, [...request.files], request.root, { compressionLevel: 6, ...request.options })
        const result = await withDeadline(work, secondsLeft())
        if (result.kind === 'expired')
          return { kind: 'failed', reason: `not uploaded within ${limits.uploadSeconds} s (last problem: ${reason})` }
        if (result.value.id !== undefined) return { kind: 'uploaded', id: result.value.id, sizeBytes: result.value.size ?? 0, name }
        reason = 'the service gave no artifact id'
      } catch (error) {
        reason = describeError(error)
        if (isTaken(reason)) continue
        if (isHopeless(error)) break
      }
      failures++
      const pause = limits.pauseSeconds * 2 ** (failures - 1)
      if (pause >= secondsLeft()) break
      await new Promise((resolve) => setTimeout(resolve, pause * 1000))
    }
    return { kind: 'failed', reason }
  } finally {
    client.close?.()
  }
}

/** @returns the client, or a sentence on why there is none */
async function opened(open: OpenClient): Promise<ArtifactClientPart | string> {
  try {
    return await open()
  } catch (error) {
    return describeError(error)
  }
}

/** True where another artifact of the run has the name (409 of the service, as the client words it). */
function isTaken(reason: string): boolean {
  return /\(409\)|artifact with this name already exists/.test(reason)
}

/** Errors a further attempt cannot cure: nothing to upload, an illegal name, no quota, a token that may not. */
function isHopeless(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const names = ['FilesNotFoundError', 'UsageError', 'GHESNotSupportedError']
  return (
    names.includes(error.name) ||
    /artifact name is not valid|JWT token is invalid|Artifact storage quota|Failed request: \((?:401|403)\)/i.test(error.message)
  )
}

async function list(limits: ArtifactLimits, open: OpenClient): Promise<readonly string[] | null> {
  const client = await opened(open)
  if (typeof client === 'string') return null
  try {
    const result = await withDeadline(client.listArtifacts(), limits.downloadSeconds)
    return result.kind === 'done' ? result.value.artifacts.map(({ name }) => name) : null
  } catch {
    return null
  } finally {
    client.close?.()
  }
}

async function download(name: string, directory: string, limits: ArtifactLimits, open: OpenClient): Promise<string | null> {
  const client = await opened(open)
  if (typeof client === 'string') return null
  const fetchArtifact = async () => {
    const { artifact } = await client.getArtifact(name)
    const result = await client.downloadArtifact(artifact.id, {
      path: directory,
      ...(artifact.digest ? { expectedHash: artifact.digest } : {}),
    })
    return result.digestMismatch ? null : (result.downloadPath ?? directory)
  }
  try {
    const result = await withDeadline(fetchArtifact(), limits.downloadSeconds)
    return result.kind === 'done' ? result.value : null
  } catch {
    return null
  } finally {
    client.close?.()
  }
}
