import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { jest } from '@jest/globals'
import type { JobToken, Services } from '../../e2e/services/services.js'

/** This process dressed as one job's step: the clients read `process.env`, and print to standard output. */
export class JobEnvironment {
  readonly printed: string[] = []
  readonly #before = { ...process.env }
  readonly #spy

  private constructor(readonly workspace: string) {
    this.#spy = jest.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      this.printed.push(String(chunk))
      return true
    })
  }

  static async enter(): Promise<JobEnvironment> {
    return new JobEnvironment(await mkdtemp(join(process.env.VMTEST_JEST_DIRECTORY ?? tmpdir(), 'vmtest-job-')))
  }

  /** The environment of a step of one job; it replaces what an earlier call set. */
  as(services: Services, job: JobToken = {}, further: Record<string, string> = {}): Record<string, string | undefined> {
    process.env = {
      ...this.#before,
      ...services.environment(job),
      GITHUB_WORKSPACE: this.workspace,
      RUNNER_TEMP: join(this.workspace, '.temp'),
      GITHUB_SERVER_URL: 'https://github.com',
      ...further,
    }
    return process.env
  }

  /** Leaves the workspace where it is: a client given up at its deadline may still read from it. */
  undress(): void {
    this.#spy.mockRestore()
    process.env = this.#before
  }

  async leave(): Promise<void> {
    this.undress()
    await rm(this.workspace, { recursive: true, force: true })
  }
}
