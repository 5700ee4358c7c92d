import { chmodSync, copyFileSync, existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { type Lab, openLab } from '../lab/vm-lab.js'
import { qemuProcesses } from './processes.js'

// A real guest of a runner that is root: what the kernel says of its QEMU.
const LIMIT = 900_000
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('skipped: QEMU without root (needs root)')
const asRoot = isRoot ? test : test.skip

let lab: Lab
beforeAll(async () => {
  if (isRoot) lab = await openLab()
}, LIMIT)
afterAll(() => lab?.close())

asRoot(
  'QEMU of a run as root has no root: its uid, its capabilities, its privileges; and dies first when memory runs out',
  async () => {
    const seen: string[] = []
    const run = await lab.run({
      tests: ['generic/004', 'generic/007'],
      vms: 1,
      onProgress: (progress) => {
        if (progress.kind !== 'test-start') return
        for (const pid of qemuProcesses(lab.directory)) {
          seen.push(readFileSync(`/proc/${pid}/status`, 'utf8'))
          expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8')).toBe('500\n')
        }
      },
    })
    expect(run.record.tests.map(({ status }) => status)).toEqual(['pass', 'pass'])
    expect(seen.length).toBeGreaterThan(0)
    for (const status of seen) {
      expect(status).toMatch(/^Uid:(\s65520){4}$/m)
      expect(status).toMatch(/^Gid:(\s65520){4}$/m)
      expect(status.match(/^Cap\w+:\s+0+$/gm)).toHaveLength(5)
      expect(status).toMatch(/^NoNewPrivs:\s+1$/m)
      // Root's own group would be as good as root to many a file.
      expect(/^Groups:\s*(.*?)\s*$/m.exec(status)?.[1]?.split(' ')).not.toContain('0')
    }
  },
  LIMIT,
)

asRoot(
  "a kernel that only root may read boots, and a crash dump is root's to read",
  async () => {
    const kernel = join(lab.directory, 'vmlinuz')
    copyFileSync(lab.built.bundle.kernel.image, kernel)
    chmodSync(kernel, 0o600)
    const run = await lab.run({
      tests: ['selftest/005', 'generic/004'],
      vms: 1,
      kernelImage: kernel,
      dump: true,
    })
    const dump = join(run.directory, 'guests/1/memory.elf')
    expect(run.vmRun.guests[0]).toMatchObject({ exit: { kind: 'panic' }, memoryDump: 'guests/1/memory.elf' })
    expect(readFileSync(dump).subarray(0, 4).toString()).toBe('\x7fELF')
    expect(statSync(dump)).toMatchObject({ uid: 0, mode: 0o100600 })
    // The guest that only powered off has left no empty dump.
    expect(existsSync(join(run.directory, 'guests/2/memory.elf'))).toBe(false)
  },
  LIMIT,
)
