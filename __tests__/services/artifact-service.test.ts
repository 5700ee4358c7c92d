import { createHash, randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Services } from '../../e2e/services/services.js'
import { createArtifactStore } from '../../src/ports/real/artifact.js'
import { JobEnvironment } from './job-environment.js'

let services: Services
let job: JobEnvironment

beforeEach(async () => {
  services = await Services.start()
  job = await JobEnvironment.enter()
})
afterEach(async () => {
  await job.leave()
  await services.stop()
})

const quick = { uploadSeconds: 20, downloadSeconds: 20, pauseSeconds: 0.05 }
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

async function someFiles(sizes: readonly number[]): Promise<string[]> {
  const root = join(job.workspace, 'logs')
  await mkdir(join(root, 'sub'), { recursive: true })
  return Promise.all(
    sizes.map(async (size, index) => {
      const path = join(root, index % 2 === 0 ? `file${index}` : `sub/file${index}`)
      await writeFile(path, randomBytes(size))
      return path
    }),
  )
}

describe('artifacts through the real client', () => {
  test('what is uploaded comes back, byte for byte, over several blocks', async () => {
    const files = await someFiles([0, 1, 9 * 1024 * 1024, 18 * 1024 * 1024])
    const store = createArtifactStore(job.as(services), quick)
    const uploaded = await store.upload('logs', files, join(job.workspace, 'logs'))
    expect(uploaded).toMatchObject({ kind: 'uploaded', id: 1, name: 'logs' })
    expect(services.log.filter((o) => o.detail.endsWith(' block')).length).toBeGreaterThan(2)
    const back = join(job.workspace, 'back')
    expect(await store.download('logs', back)).toBe(back)
    for (const file of files) {
      const copy = join(back, file.slice(join(job.workspace, 'logs').length))
      expect(sha256(await readFile(copy))).toBe(sha256(await readFile(file)))
    }
  }, 30_000)

  test('how long it is kept is asked of the service, or left to it', async () => {
    const files = await someFiles([10])
    const store = createArtifactStore(job.as(services), quick)
    await store.upload('fortnight', files, job.workspace, { retentionDays: 14 })
    await store.upload('as it is', files, job.workspace)
    const days = services.artifacts.artifacts.map(({ expiresAt }) =>
      expiresAt === null ? null : Math.round((Date.parse(expiresAt) - Date.now()) / 86_400_000),
    )
    expect(days).toEqual([14, null])
  }, 30_000)

  test('an attempt that spent the name is followed by one with another', async () => {
    services.faults.plant('FinalizeArtifact', { kind: 'status', status: 400 }, 1)
    const files = await someFiles([10])
    const uploaded = await createArtifactStore(job.as(services), quick).upload('logs', files, job.workspace)
    expect(uploaded).toMatchObject({ kind: 'uploaded', name: 'logs-2' })
  }, 30_000)

  test('of jobs that share a name none is lost: each has the next number', async () => {
    const files = await someFiles([10])
    const names: (string | undefined)[] = []
    for (let count = 0; count < 7; count++) {
      const uploaded = await createArtifactStore(job.as(services), quick).upload('logs', files, job.workspace)
      names.push(uploaded.kind === 'uploaded' ? uploaded.name : uploaded.reason)
    }
    expect(names).toEqual(['logs', 'logs-2', 'logs-3', 'logs-4', 'logs-5', 'logs-6', 'logs-7'])
  }, 60_000)

  test('a service that refuses is asked once', async () => {
    services.faults.plant('CreateArtifact', { kind: 'status', status: 403 })
    const uploaded = await createArtifactStore(job.as(services), quick).upload('logs', await someFiles([10]), job.workspace)
    expect(uploaded).toMatchObject({ kind: 'failed', reason: expect.stringContaining('403') })
    expect(services.log.filter(({ point }) => point === 'CreateArtifact')).toHaveLength(1)
  })

  test('a service that is gone is a value within the deadline', async () => {
    services.faults.plant('CreateArtifact', { kind: 'never' })
    const files = await someFiles([10])
    const store = createArtifactStore(job.as(services), { ...quick, uploadSeconds: 0.5 })
    expect(await store.upload('logs', files, job.workspace)).toMatchObject({ kind: 'failed', reason: expect.stringContaining('0.5 s') })
  })

  test('nothing to upload, a token without the claim, a name that does not exist', async () => {
    const store = createArtifactStore(job.as(services), quick)
    expect(await store.upload('logs', [], job.workspace)).toMatchObject({ kind: 'failed' })
    expect(await store.download('none', join(job.workspace, 'back'))).toBeNull()
    const foreign = createArtifactStore(job.as(services, {}, { ACTIONS_RUNTIME_TOKEN: 'a.e30.c' }), quick)
    expect(await foreign.upload('logs', await someFiles([1]), job.workspace)).toMatchObject({ kind: 'failed' })
  }, 30_000)

  test.each(['GITEA_ACTIONS', 'FORGEJO_ACTIONS'])('a server that is not github.com is used where %s is set', async (server) => {
    const env = job.as(services, {}, { GITHUB_SERVER_URL: 'http://git.example.org:3000', [server]: 'true' })
    const store = createArtifactStore(env, quick)
    expect(store.available()).toBe(true)
    const uploaded = await store.upload('logs', await someFiles([10]), join(job.workspace, 'logs'))
    expect(uploaded).toMatchObject({ kind: 'uploaded', name: 'logs' })
    expect(env.GITHUB_SERVER_URL).toBe('http://git.example.org:3000')
  })

  test('where there is no service it says so', async () => {
    const store = createArtifactStore({ ...services.environment(), GITHUB_SERVER_URL: 'https://git.example.org' })
    expect(store.available()).toBe(false)
    expect(await store.upload('logs', [], '/')).toMatchObject({ kind: 'failed', reason: expect.stringContaining('no artifact service') })
  })
})
