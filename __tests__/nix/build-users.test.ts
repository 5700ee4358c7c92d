import { describe, expect, test } from '@jest/globals'
import { buildUsers, whyNoKvm } from '../../src/nix/build-users.js'
import { settingIn } from '../../src/nix/show-config.js'
import type { Exec } from '../../src/ports/exec.js'
import type { Files } from '../../src/ports/files.js'

interface Device {
  readonly mode: string
  readonly group: string
  readonly ours: boolean
}

/** A machine's /etc/group and /dev/kvm; anything else asked of it is a mistake. */
function machine(groups: string, device: Device | null) {
  const files = {
    readText: async (path: string) => {
      if (path !== '/etc/group') throw new Error(`unexpected: ${path}`)
      return groups
    },
    stat: async () => (device === null ? null : { kind: 'other', sizeBytes: 0, modifiedMs: 0, mode: 0o600 }),
    canReadWrite: async () => device?.ours === true,
  } as unknown as Files
  const exec = {
    run: async ([program]: readonly string[]) => {
      if (program !== 'stat' || device === null) throw new Error(`unexpected: ${program}`)
      return { code: 0, signal: null, stdout: `${device.mode} ${device.group}\n`, stderr: '' }
    },
  } as unknown as Exec
  return { files, exec }
}

const NIXBLD = 'root:x:0:\nnixbld:x:30000:nixbld1,nixbld2\n'
const CLOSED = { mode: '660', group: 'kvm', ours: true }

describe('/dev/kvm for those who build', () => {
  test.each([
    ['no device', NIXBLD, null, null],
    ['open to all', NIXBLD, { ...CLOSED, mode: '666' }, null],
    ['one build user is left out', `${NIXBLD}kvm:x:36:nixbld1\n`, CLOSED, 'its mode is 660, and nixbld2 is not in its group kvm'],
    ['all of them are in its group', `${NIXBLD}kvm:x:36:nixbld1,nixbld2\n`, CLOSED, null],
    ['no build users: our own right counts', 'root:x:0:\nnixbld:x:30000:\n', CLOSED, null],
    ['no build users, and not ours', 'root:x:0:\n', { ...CLOSED, ours: false }, 'this user may not open it'],
  ])('%s', async (_, groups, device, expected) => {
    const ports = machine(groups, device)
    expect(await whyNoKvm(await buildUsers(ports), ports)).toBe(expected)
  })
})

test('a setting, as every version of Nix prints all of them', () => {
  const text = '{"sandbox":{"aliases":[],"value":false},"trusted-public-keys":{"value":["a-1:x"],"documentDefault":true}}'
  expect(settingIn(text, 'sandbox')).toBe(false)
  expect(settingIn(text, 'trusted-public-keys')).toEqual(['a-1:x'])
  expect(settingIn(text, 'none')).toBeUndefined()
})
