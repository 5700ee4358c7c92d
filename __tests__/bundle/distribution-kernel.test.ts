import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { fetchDistributionKernel, findDistributionKernel } from '../../src/bundle/distribution-kernel.js'
import type { Exec } from '../../src/ports/index.js'
import { FakeFiles } from './fake-files.js'

const PACKAGE = 'the package'
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const HOST = { cacheDirectory: '/cache', architecture: 'x86_64', distribution: 'debian' } as const
const KEPT = '/cache/kernels/linux-image-6.1.0_6.1.1.deb'

/** Lists with one kernel, and a server that gives `served` for it. */
class FakeApt {
  readonly files = new FakeFiles()
  readonly downloads: string[] = []

  constructor(
    private readonly listed: string | null,
    private readonly served = PACKAGE,
  ) {}

  get ports() {
    const run = async ([program, ...args]: readonly string[], options?: { readonly cwd?: string }) => {
      const done = (stdout: string, code = 0) => ({ code, signal: null, stdout, stderr: '', timedOut: false })
      const name = args.at(-1) ?? ''
      if (program === 'apt-cache' && name === 'linux-image-cloud-amd64')
        return done('Version: 6.1.1\nDepends: linux-image-6.1.0 (= 6.1.1)\n')
      if (program === 'apt-cache' && name === 'linux-image-6.1.0')
        return done(`Version: 6.1.1\n${this.listed === null ? '' : `SHA256: ${this.listed}\n`}`)
      if (program === 'apt-cache') return done('', 100)
      if (program !== 'apt-get') throw new Error(`unexpected: ${program}`)
      this.downloads.push(name)
      this.files.set(`${options?.cwd}/linux-image-6.1.0_6.1.1_amd64.deb`, this.served)
      return done('')
    }
    return { files: this.files.port, exec: { run } as Exec }
  }
}

describe('the distribution’s kernel', () => {
  test('is found without a download where apt’s lists have its hash, and downloaded once', async () => {
    const apt = new FakeApt(sha256(PACKAGE))
    const kernel = await findDistributionKernel(HOST, apt.ports)
    expect(kernel).toEqual({
      release: '6.1.0',
      version: '6.1.1',
      archives: [{ path: KEPT, sha256: sha256(PACKAGE), request: 'linux-image-6.1.0=6.1.1' }],
    })
    expect(apt.downloads).toEqual([])
    await fetchDistributionKernel(kernel, apt.ports)
    await fetchDistributionKernel(kernel, apt.ports)
    expect(apt.downloads).toEqual(['linux-image-6.1.0=6.1.1'])
    expect(apt.files.text(KEPT)).toBe(PACKAGE)
  })

  test('is downloaded to be known where the lists have no hash', async () => {
    const apt = new FakeApt(null)
    const kernel = await findDistributionKernel(HOST, apt.ports)
    expect([kernel.archives[0]?.sha256, apt.downloads]).toEqual([sha256(PACKAGE), ['linux-image-6.1.0=6.1.1']])
  })

  test('half a package from an earlier run is downloaded again', async () => {
    const apt = new FakeApt(sha256(PACKAGE))
    apt.files.set(KEPT, PACKAGE.slice(0, 4))
    await fetchDistributionKernel(await findDistributionKernel(HOST, apt.ports), apt.ports)
    expect(apt.files.text(KEPT)).toBe(PACKAGE)
  })

  test('what is not the package of the lists is refused', async () => {
    const apt = new FakeApt(sha256(PACKAGE), 'something else')
    const kernel = await findDistributionKernel(HOST, apt.ports)
    await expect(fetchDistributionKernel(kernel, apt.ports)).rejects.toMatchObject({
      kind: 'could-not-test',
      message: expect.stringContaining('another sha256'),
    })
  })
})
