import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Plan } from '../../src/domain/plan.js'
import { aimCoverage } from '../../src/pipeline/coverage.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

const ports = { exec: createExec(), files: createFiles(), runner: { env: {} } as never }

let home: string
const tree = () => join(home, 'linux')
const git = (...words: readonly string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...words], { cwd: tree(), encoding: 'utf8' }).trim()

function write(name: string, text: string): string {
  mkdirSync(dirname(join(tree(), name)), { recursive: true })
  writeFileSync(join(tree(), name), text)
  return createHash('sha256').update(text).digest('hex')
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'vmtest-aim-'))
  for (const name of ['Kbuild', 'MAINTAINERS', 'scripts/kconfig/merge_config.sh', 'Makefile', 'fs/xfs/Makefile', 'flake.nix'])
    write(name, name)
  write('fs/xfs/a.c', 'int a;\n')
  write('fs/b.c', 'int b;\n')
  git('init', '-q', '-b', 'master')
  git('add', '-A')
  git('commit', '-qm', 'base')
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

type Parts = Partial<Pick<Plan, 'bundle' | 'face' | 'kernel' | 'kernelTree'>>
function aim(parts: Parts = {}, projectDirectory = tree()) {
  const bundle = { kind: 'flake', flake: '.', attribute: 'vmtest', impure: true } as const
  const coverage = { ofChange: true, directories: [], upstream: 'master' }
  const plan = { face: 'cli', bundle, kernel: null, coverage, ...parts } as unknown as Plan
  return aimCoverage(plan, { projectDirectory, workingDirectory: projectDirectory } as never, ports)
}
const flake = (reference: string) => ({ kind: 'flake', flake: reference, attribute: 'vmtest', impure: true }) as const

describe('what of a kernel is counted', () => {
  test('of one that a flake builds: the directories of the change in its tree, whose sources Nix is to compare', async () => {
    const changed = write('fs/xfs/a.c', 'int aa;\n')
    const found = await aim()
    expect(found).toMatchObject({ directories: ['fs/xfs'], note: expect.stringContaining('fs/xfs compiled with counters (1 changed file') })
    const makefiles = ['Makefile', 'fs/xfs/Makefile'].map((name) => [name, createHash('sha256').update(name).digest('hex')])
    expect(found?.compared).toEqual({ ...Object.fromEntries(makefiles), 'fs/xfs/a.c': changed })
  })

  test('of one that its own make builds nothing is compared', async () => {
    write('fs/xfs/a.c', 'int aa;\n')
    const kernelTree = { directory: tree(), config: null, kconfig: [] }
    expect(await aim({ kernelTree })).toMatchObject({ directories: ['fs/xfs'], compared: {} })
  })

  test('the tree is the one the flake lies in, or has beside it, or else the project’s', async () => {
    write('fs/xfs/a.c', 'int aa;\n')
    for (const reference of [
      `path:${tree()}/.vmtest/flake`,
      tree(),
      `git+file://${tree()}?dir=.vmtest/flake`,
      home,
      'github:a/b',
      'nixpkgs',
    ])
      expect([reference, (await aim({ bundle: flake(reference) }))?.directories]).toEqual([reference, ['fs/xfs']])
    expect((await aim({}, home))?.directories).toEqual(['fs/xfs'])
  })

  test.each<[string, Parts, string]>([
    ['a kernel that is given', { kernel: { image: '/boot/vmlinuz' } as never }, 'this run boots one that is given (`--kernel`).'],
    ['a bundle that is given', { bundle: { kind: 'path', path: '/b' } }, 'this run boots that of a bundle that is given (/b).'],
    ['the offline bundle', { bundle: { kind: 'offline' } as never }, 'the offline bundle has the distribution’s.'],
  ])('%s has none', async (_, parts, why) => {
    await expect(aim(parts)).rejects.toMatchObject({
      message: `Coverage is of a kernel that is compiled with counters, and ${why}`,
      nextStep: 'Name the tree with `--kernel-tree DIRECTORY`, or leave `--coverage` away.',
    })
    await expect(aim({ ...parts, face: 'action' })).rejects.toMatchObject({
      nextStep: 'Set `kernel-tree`, or leave `coverage` at `never`.',
    })
  })

  test('a flake far from any tree', async () => {
    await expect(aim({ bundle: flake('github:a/b') }, '/')).rejects.toThrow(
      'Coverage is of the kernel tree that the flake builds, and / neither lies in one nor holds one as `linux`.',
    )
  })
})
