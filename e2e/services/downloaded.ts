import { jest } from '@jest/globals'
import { createArtifactStore } from '../../src/ports/real/artifact.js'
import type { Services } from './services.js'

/** Downloads an artifact of a run as a job of it would. @returns the directory it is in; null where it cannot be had whole */
export async function downloaded(services: Services, runId: string, name: string, directory: string): Promise<string | null> {
  const before = { ...process.env }
  const quiet = jest.spyOn(process.stdout, 'write').mockReturnValue(true)
  try {
    Object.assign(process.env, services.environment({ runId }), { GITHUB_WORKSPACE: directory })
    return await createArtifactStore(process.env).download(name, directory)
  } finally {
    quiet.mockRestore()
    process.env = before
  }
}
