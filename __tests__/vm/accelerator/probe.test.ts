import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Architecture } from '../../../src/domain/bundle.js'
import { createExec } from '../../../src/ports/real/exec.js'
import { judge } from '../../../src/vm/accelerator/probe.js'
import { PROBE_EXIT_CODE, probeArgv } from '../../../src/vm/accelerator/probe-argv.js'
import { PROBE_LETTERS, probeImage } from '../../../src/vm/accelerator/probe-image.js'

const clean = { letters: '', stderr: '', code: null, signal: null, timedOut: false } as const
const run = { architecture: 'x86_64', seconds: 3 } as const

describe('the evidence', () => {
  test('a letter without the exit status proves nothing, nor the status without the letters', () => {
    expect(judge({ ...clean, letters: 'RLXC', code: 33 }, run).outcome).toBe('works')
    expect(judge({ ...clean, letters: 'RLXC', code: 0 }, run).outcome).toBe('error')
    expect(judge({ ...clean, letters: 'R', code: 33 }, run).outcome).toBe('error')
    expect(judge({ ...clean, letters: '', code: 33 }, run).outcome).toBe('error')
  })

  test('a guest that prints its first letter and stops never ran', () => {
    const probe = judge({ ...clean, letters: 'R', signal: 'SIGKILL', timedOut: true }, run)
    expect(probe).toMatchObject({ outcome: 'never-runs', detail: expect.stringContaining('the first instructions') })
  })

  test("QEMU's own words: no permission, and the line that is not a warning", () => {
    const denied = judge({ ...clean, code: 1, stderr: 'qemu: Could not access KVM kernel module: Permission denied\n' }, run)
    expect(denied.outcome).toBe('no-permission')
    const busy = judge({ ...clean, code: 1, stderr: 'qemu: warning: old\nqemu: failed to initialize kvm: busy\n' }, run)
    expect(busy.detail).toContain('failed to initialize kvm: busy')
  })
})

test('the boot sector is a boot sector and its descriptors lie where the code says', () => {
  const sector = probeImage('x86_64')
  expect(sector.length).toBe(512)
  expect([...sector.slice(-2)]).toEqual([0x55, 0xaa])
  // gdtr at 0x7cc0: limit 31, base 0x7ca0; lgdt names it.
  expect([...sector.slice(0xc0, 0xc6)]).toEqual([31, 0, 0xa0, 0x7c, 0, 0])
  expect([...sector.slice(9, 15)]).toEqual([0x66, 0x0f, 0x01, 0x16, 0xc0, 0x7c])
})

// The image itself is proven under emulation: what fails under KVM is then KVM's doing.
const exec = createExec()
for (const architecture of ['x86_64', 'aarch64'] as const satisfies readonly Architecture[]) {
  const program = await exec.which(`qemu-system-${architecture}`)
  const check = program === null ? test.skip : test
  check(
    `QEMU runs the ${architecture} probe to its end under emulation`,
    async () => {
      const directory = mkdtempSync(join(tmpdir(), 'probe-image-'))
      try {
        writeFileSync(join(directory, 'probe.img'), probeImage(architecture))
        const argv = probeArgv(program ?? '', architecture, 'tcg')
        const files = [{ path: join(directory, 'probe.img'), access: 'read' as const }]
        const result = await exec.run(argv, { files, timeoutSeconds: 60 })
        expect([result.stdout, result.code]).toEqual([PROBE_LETTERS[architecture], PROBE_EXIT_CODE[architecture]])
      } finally {
        rmSync(directory, { recursive: true })
      }
    },
    70_000,
  )
}
