import { existsSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { createExec } from '../../../src/ports/real/exec.js'
import { createFiles } from '../../../src/ports/real/files.js'
import { readMachineRoom } from '../../../src/vm/resources/index.js'
import { isMemory, parseAvailable, parseMemoryGroup, parseMounts } from '../../../src/vm/resources/machine.js'

const MOUNTS = `27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
25 24 0:23 / /dev/shm rw,relatime - tmpfs tmpfs rw,size=24684092k
31 27 0:40 / /tmp rw shared:5 master:1 - tmpfs tmpfs rw
32 31 8:1 / /tmp/disk rw - ext4 /dev/sda1 rw
33 27 8:2 / /mnt/with\\040blank rw - ramfs none rw
`

test.each([
  ['/var/tmp', false],
  ['/tmp', true],
  ['/tmp/x', true],
  ['/tmp/disk/x', false],
  ['/tmpfoo', false],
  ['/mnt/with blank/x', true],
])('%s is memory: %s', (path, memory) => {
  expect(isMemory(path, parseMounts(MOUNTS))).toBe(memory)
})

test('a mount over a mount: the last one counts', () => {
  expect(
    isMemory('/tmp', [
      { point: '/tmp', type: 'ext4' },
      { point: '/tmp', type: 'tmpfs' },
    ]),
  ).toBe(true)
})

test('memory: what is available, and what a control group leaves', () => {
  expect(parseAvailable('MemTotal: 1 kB\nMemAvailable:   2097152 kB\n')).toBe(2048)
  expect(parseAvailable('')).toBe(1024)
  expect(parseMemoryGroup('max\n', '5')).toBe(Number.POSITIVE_INFINITY)
  expect(parseMemoryGroup('4294967296\n', '1073741824\n')).toBe(3072)
})

test('this machine', async () => {
  const room = await readMachineRoom({ exec: createExec(), files: createFiles() }, ['/var/tmp', '/proc', '/nowhere/at/all', '/var/tmp'])
  expect(room.cpus).toBeGreaterThanOrEqual(1)
  expect(room.availableMemoryMiB).toBeGreaterThan(100)
  expect(room.places.filter(({ path }) => path === '/var/tmp')).toHaveLength(1)
  expect(room.places).toHaveLength(1)
  expect(existsSync('/nowhere')).toBe(false)
})
