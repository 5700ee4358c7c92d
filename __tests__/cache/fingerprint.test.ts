// What a build is known by: never where a machine keeps its files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { fingerprint } from '../../src/cache/fingerprint.js'
import type { Plan } from '../../src/domain/plan.js'
import type { Ports } from '../../src/ports/index.js'
import { createFiles } from '../../src/ports/real/index.js'

let work: string
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'vmtest-fingerprint-'))
})
afterEach(() => rmSync(work, { recursive: true }))

const ports = {
  runner: { env: {} },
  files: createFiles(),
  exec: { run: async () => ({ code: 0, signal: null, stdout: 'x86_64\n', stderr: '', timedOut: false }) },
} as unknown as Pick<Ports, 'exec' | 'files' | 'runner'>

interface Staged {
  readonly home?: string
  readonly sha256?: string
  readonly version?: string
}

/** The staged flake of `offline`, as on a machine with this home (src/bundle/offline.ts). */
async function known(name: string, { home = '/home/a', sha256 = 'aa', version = '6.1.192-3' }: Staged): Promise<unknown> {
  const directory = join(work, name)
  mkdirSync(join(directory, 'host'), { recursive: true })
  writeFileSync(join(directory, 'flake.nix'), '{ }')
  const archive = { url: `file://${home}/.cache/kernel-vmtest/kernels/linux-image.deb`, sha256 }
  const host = {
    system: 'x86_64-linux',
    qemu: null,
    busybox: { url: 'file:///bin/busybox', sha256: 'bb' },
    kernel: { version, archives: [archive] },
  }
  writeFileSync(join(directory, 'host/host.json'), JSON.stringify(host, null, 2))
  return fingerprint({ bundle: { kind: 'offline' } } as Plan, directory, ports)
}

test('the same programs and kernel are the same build on a machine with another home, other bytes are not', async () => {
  const here = await known('here', {})
  expect(here).toMatchObject({ kind: 'known', fingerprint: { exact: expect.stringMatching(/^[0-9a-f]{24}$/), trusted: true } })
  expect(await known('there', { home: '/tmp/runner-2/home' })).toEqual(here)
  expect(await known('other-kernel', { sha256: 'cc' })).not.toEqual(here)
  expect(await known('other-version', { version: '6.1.193-1' })).not.toEqual(here)
})

test('a host.json that cannot be read is what its bytes are', async () => {
  const of = async (name: string, text: string) => {
    await known(name, {})
    writeFileSync(join(work, name, 'host/host.json'), text)
    return fingerprint({ bundle: { kind: 'offline' } } as Plan, join(work, name), ports)
  }
  expect(await of('one', '{ "url": "file:///a"')).toEqual(await of('same', '{ "url": "file:///a"'))
  expect(await of('two', '{ "url": "file:///a"')).not.toEqual(await of('three', '{ "url": "file:///b"'))
})
