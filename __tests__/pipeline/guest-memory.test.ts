import { expect, test } from '@jest/globals'
import type { Built } from '../../src/domain/stages.js'
import type { GuestRun, VmRun } from '../../src/domain/vm-run.js'
import { chooseMemory, GuestMemories } from '../../src/pipeline/guest-memory.js'
import type { Exec } from '../../src/ports/index.js'
import { createFiles } from '../../src/ports/real/files.js'
import { DumpBudget } from '../../src/vm/index.js'

// The first lines of `apt-cache show` for Debian's package, 6.1.192-3.
const SHOWN = 'Package: linux-image-6.1.0-57-cloud-amd64-dbg\nSource: linux\nVersion: 6.1.192-3\nInstalled-Size: 1754689\nSize: 283306844\n'

async function settle(exit: GuestRun['exit']): Promise<{ notes: string[]; asked: string[] }> {
  const [notes, asked]: [string[], string[]] = [[], []]
  const run = (argv: readonly string[]) => {
    asked.push(argv.join(' '))
    return Promise.resolve({ code: 0, stdout: SHOWN, stderr: '' })
  }
  const ports = { exec: { run } as unknown as Exec, files: createFiles() }
  const built = { bundle: { kernel: { image: '/k', release: '6.1.0-57-cloud-amd64' } } } as unknown as Built
  const choice = await chooseMemory({ dumpWhen: 'auto' }, { built, config: null }, ports)
  const directories = { checkout: '/', runDirectory: '/', diskDirectory: '/' }
  const options = { choice, budget: new DumpBudget(), ...directories, memoryMiB: 512, keep: false, signal: new AbortController().signal }
  const memories = new GuestMemories({ ...options, onNote: (note) => void notes.push(note) }, ports)
  await memories.settle({ guests: [{ id: 1, exit } as GuestRun] } as unknown as VmRun)
  return { notes, asked }
}

test('where no guest died nobody is asked for the package of the debug information', async () => {
  expect(await settle({ kind: 'poweroff' })).toEqual({ notes: [], asked: [] })
})

test('a death that cannot be explained is told with the package, its size and the option', async () => {
  const { notes, asked } = await settle({ kind: 'panic', title: 'kernel panic: sysrq' } as unknown as GuestRun['exit'])
  expect(asked).toEqual(['apt-cache show --no-all-versions linux-image-6.1.0-57-cloud-amd64-dbg'])
  expect(notes).toEqual([
    "the end of VM 1 is not explained from its memory: no vmlinux with debug information is known (a distribution's kernel has it in the package " +
      'linux-image-6.1.0-57-cloud-amd64-dbg, 283 MB): give it with `--vmlinux`, or test a kernel tree with `--dump`',
  ])
})
