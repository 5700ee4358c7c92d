import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ArtifactService } from './artifact-service.js'
import { BlobStore, readBody } from './blobs.js'
import { CacheService, type CacheServiceOptions } from './cache-service.js'
import { type Fault, type FaultPoint, Faults } from './faults.js'
import { makeToken, readToken, type Scope, type TokenClaims } from './token.js'
import { invalid, type Message, TwirpError } from './twirp.js'

/** One request as it was answered, in order of arrival. */
export interface Operation {
  readonly point: string
  readonly detail: string
  readonly status: number
  readonly fault: Fault['kind'] | null
}

export interface JobToken extends Partial<TokenClaims> {
  /** Shorthand for the scopes of a push to a branch: read and write on it. */
  readonly branch?: string
}

const CACHE_PREFIX = '/twirp/github.actions.results.api.v1.CacheService/'
const ARTIFACT_PREFIX = '/twirp/github.actions.results.api.v1.ArtifactService/'

/** GitHub's cache (v2) and artifact (v4) services on loopback, for the real clients. */
export class Services {
  readonly cache: CacheService
  readonly artifacts: ArtifactService
  readonly blobs: BlobStore
  readonly faults = new Faults()
  readonly log: Operation[] = []
  #nowOffsetMs = 0
  readonly #server = createServer((request, response) => void this.#serve(request, response))
  readonly #sockets = new Set<Socket>()

  private constructor(
    readonly directory: string,
    options: Partial<Omit<CacheServiceOptions, 'now'>>,
  ) {
    const now = () => Date.now() + this.#nowOffsetMs
    this.blobs = new BlobStore(directory, () => this.origin)
    this.cache = new CacheService(this.blobs, { quotaBytes: 10 * 1024 ** 3, idleDays: 7, createsPerMinute: 200, ...options, now })
    this.artifacts = new ArtifactService(this.blobs, now)
  }

  static async start(options: Partial<Omit<CacheServiceOptions, 'now'>> = {}): Promise<Services> {
    const services = new Services(await mkdtemp(join(tmpdir(), 'vmtest-services-')), options)
    services.#server.on('connection', (socket) => {
      services.#sockets.add(socket)
      socket.on('close', () => services.#sockets.delete(socket))
    })
    await new Promise<void>((resolve) => services.#server.listen(0, '127.0.0.1', resolve))
    return services
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** What the workflow runner puts into the environment of a JavaScript action. */
  environment(job: JobToken = {}): Record<string, string> {
    const scopes: readonly Scope[] = job.scopes ?? [{ Scope: `refs/heads/${job.branch ?? 'main'}`, Permission: 3 }]
    return {
      ACTIONS_RESULTS_URL: `${this.origin}/`,
      ACTIONS_CACHE_SERVICE_V2: 'True',
      ACTIONS_RUNTIME_TOKEN: makeToken({ runId: job.runId ?? 'run-1', jobId: job.jobId ?? 'job-1', scopes }),
    }
  }

  /** Lets time pass for eviction. */
  advanceDays(days: number): void {
    this.#nowOffsetMs += days * 24 * 3600 * 1000
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
    await rm(this.directory, { recursive: true, force: true })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.origin)
    const point = pointOf(request, url)
    const fault = point === null ? null : this.faults.take(point)
    const note = (detail: string, status: number) =>
      void this.log.push({ point: point ?? url.pathname, detail, status, fault: fault?.kind ?? null })
    try {
      if (fault !== null && (await this.#strike(fault, request, response))) return note('', response.statusCode)
      if (url.pathname.startsWith('/blobs/')) await this.#blob(request, response, { url, cut: fault?.kind === 'cut', note })
      else await this.#twirp(request, response, { url, cut: fault?.kind === 'cut', note })
    } catch (error) {
      note(String(error), 599)
      response.destroy()
    }
  }

  /** True where the fault is the whole answer. */
  async #strike(fault: Fault, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    switch (fault.kind) {
      case 'status': {
        request.resume()
        const retryAfter = fault.retryAfterSeconds === undefined ? {} : { 'retry-after': String(fault.retryAfterSeconds) }
        response.writeHead(fault.status, { 'content-type': 'application/json', ...retryAfter })
        response.end(JSON.stringify({ code: 'internal', msg: 'planted fault' }))
        return true
      }
      case 'garbage':
        request.resume()
        response.writeHead(200, { 'content-type': 'application/json' })
        response.end('<html>\u0000 not what you asked for')
        return true
      case 'never':
        request.resume()
        return true
      case 'reset':
        request.socket.resetAndDestroy()
        return true
      case 'slow':
        await new Promise((resolve) => setTimeout(resolve, fault.seconds * 1000))
        return false
      case 'cut':
        return false
    }
  }

  async #twirp(request: IncomingMessage, response: ServerResponse, { url, cut, note }: Handling): Promise<void> {
    const body = await readBody(request)
    try {
      const token = readToken(request.headers.authorization)
      if (token === null) throw new TwirpError(401, 'unauthenticated', 'no valid token')
      const message = parse(body)
      const method = url.pathname.split('/').pop() ?? ''
      const service = url.pathname.startsWith(CACHE_PREFIX) ? this.cache : url.pathname.startsWith(ARTIFACT_PREFIX) ? this.artifacts : null
      if (service === null) throw new TwirpError(404, 'bad_route', `nothing at ${url.pathname}`)
      const answer = await service.call(method, token, message)
      note(String(message.key ?? message.name ?? ''), 200)
      send(response, 200, {}, JSON.stringify(answer), cut)
    } catch (error) {
      if (!(error instanceof TwirpError)) throw error
      note(error.message, error.status)
      const retryAfter = error.retryAfterSeconds === undefined ? {} : { 'retry-after': String(error.retryAfterSeconds) }
      send(response, error.status, retryAfter, JSON.stringify({ code: error.code, msg: error.message }), cut)
    }
  }

  async #blob(request: IncomingMessage, response: ServerResponse, { url, cut, note }: Handling): Promise<void> {
    const reply = await this.blobs.handle(request, url)
    request.resume()
    note(`${request.method} ${url.pathname} ${url.searchParams.get('comp') ?? ''}`.trim(), reply.status)
    const { body } = reply
    if (body === undefined || typeof body === 'string') {
      response.writeHead(reply.status, { ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...reply.headers })
      response.end(body)
      return
    }
    response.writeHead(reply.status, reply.headers)
    if (!cut) return pipeline(body, response)
    for await (const chunk of body) {
      response.write((chunk as Buffer).subarray(0, Math.ceil((chunk as Buffer).length / 2)))
      break
    }
    setTimeout(() => response.destroy(), 50)
  }
}

interface Handling {
  readonly url: URL
  readonly cut: boolean
  readonly note: (detail: string, status: number) => void
}

function pointOf(request: IncomingMessage, url: URL): FaultPoint | null {
  if (url.pathname.startsWith('/blobs/')) {
    return request.method === 'PUT' ? 'blob:put' : request.method === 'HEAD' ? 'blob:head' : 'blob:get'
  }
  const method = url.pathname.split('/').pop() ?? ''
  return url.pathname.startsWith('/twirp/') ? (method as FaultPoint) : null
}

function parse(body: string): Message {
  try {
    const message: unknown = JSON.parse(body)
    if (message !== null && typeof message === 'object') return message as Message
  } catch {
    // Falls through to the refusal below.
  }
  throw invalid('the request is not a JSON object')
}

function send(response: ServerResponse, status: number, headers: Record<string, string>, body: string, cut: boolean): void {
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers })
  if (!cut) return void response.end(body)
  response.write(body.slice(0, Math.floor(body.length / 2)))
  setTimeout(() => response.destroy(), 50)
}
