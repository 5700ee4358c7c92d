import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { Services } from '../../e2e/services/services.js'
import { createArtifactStore } from '../../src/ports/real/artifact.js'
import { createCacheStore } from '../../src/ports/real/cache.js'
import { CELLS, type Cell, FAULTS, STAGES } from './fault-cells.js'
import { JobEnvironment } from './job-environment.js'

// Every fault at every stage of the two services, through the real clients. The clients retry for half a minute by themselves:
// the deadlines here are short, so that each cell shows that ours ends them.
const DEADLINES = { lookupSeconds: 1, restoreSeconds: 1, saveSeconds: 1 }
const PATIENT = { lookupSeconds: 60, restoreSeconds: 60, saveSeconds: 60 }

let services: Services
let job: JobEnvironment

beforeEach(async () => {
  services = await Services.start()
  job = await JobEnvironment.enter()
})
afterEach(async () => {
  // Not left: a client given up at its deadline still reads from its directory, which goes when jest ends.
  job.undress()
  await services.stop()
})
const directory = () => join(job.workspace, 'kept')
const file = () => join(directory(), 'file')
const forget = () => rm(directory(), { recursive: true, force: true })
const text = 'the bytes that were saved\n'.repeat(1000)

async function write(): Promise<void> {
  await mkdir(directory(), { recursive: true })
  await writeFile(file(), text)
}

/** A cell whose fault never struck would show nothing. */
function expectStruck({ fault, stage }: Cell): void {
  const strikes = services.log.filter((operation) => operation.point === STAGES[stage] && operation.fault === FAULTS[fault].kind)
  expect(strikes.length).toBeGreaterThan(0)
}

/** What a job after the fault finds: the right bytes or nothing. */
async function laterRestore(): Promise<string> {
  services.faults.clear()
  await forget()
  const { kind } = await createCacheStore(job.as(services), PATIENT).restore([directory()], 'k', [])
  if (kind === 'hit') expect(await readFile(file(), 'utf8')).toBe(text)
  return kind
}

async function restoreUnder({ fault, stage, outcome }: Cell): Promise<void> {
  await write()
  expect(await createCacheStore(job.as(services), PATIENT).save([directory()], 'k')).toEqual({ kind: 'saved' })
  await forget()
  services.faults.plant(STAGES[stage], FAULTS[fault])
  const deadlines = outcome === 'works' ? PATIENT : DEADLINES
  const result = await createCacheStore(job.as(services), deadlines).restore([directory()], 'k', [])
  if (outcome === 'works') expect(result).toEqual({ kind: 'hit', key: 'k', exact: true })
  else expect(['failed', 'miss']).toContain(result.kind)
  expect(await laterRestore()).toBe('hit')
}

async function saveUnder({ fault, stage, outcome }: Cell): Promise<void> {
  await write()
  services.faults.plant(STAGES[stage], FAULTS[fault])
  const deadlines = outcome === 'works' ? PATIENT : DEADLINES
  const result = await createCacheStore(job.as(services), deadlines).save([directory()], 'k')
  if (outcome === 'works') expect(result).toEqual({ kind: 'saved' })
  else expect(['failed', 'exists']).toContain(result.kind)
  expect(await readFile(file(), 'utf8')).toBe(text)
  expect(outcome === 'works' ? ['hit'] : ['hit', 'miss']).toContain(await laterRestore())
}

async function uploadUnder({ fault, stage, outcome }: Cell): Promise<void> {
  await write()
  services.faults.plant(STAGES[stage], FAULTS[fault])
  const limits = { uploadSeconds: outcome === 'works' ? 60 : 1, downloadSeconds: 20, pauseSeconds: 0.05 }
  const result = await createArtifactStore(job.as(services), limits).upload('logs', [file()], directory())
  if (outcome === 'works') expect(result).toMatchObject({ kind: 'uploaded', name: 'logs' })
  else expect(result).toEqual({ kind: 'failed', reason: expect.stringMatching(/\S/) })
  // The results stay in the workspace.
  expect(await readFile(file(), 'utf8')).toBe(text)
}

describe('the services under every fault', () => {
  for (const cell of CELLS) {
    const under = cell.stage.startsWith('artifact')
      ? uploadUnder
      : ['cache lookup', 'cache download'].includes(cell.stage)
        ? restoreUnder
        : saveUnder
    test(cell.title, async () => {
      await under(cell)
      expectStruck(cell)
    })
  }
})
