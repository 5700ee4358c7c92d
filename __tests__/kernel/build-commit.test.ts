import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { buildKernel, builtCommits, type KernelBuildOptions } from '../../src/kernel/index.js'
import type { Runner } from '../../src/ports/index.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/files.js'

/** The targets of a kernel tree's Makefile that are used, each doing in small what it does there. */
const MAKEFILE = `
.PHONY: tinyconfig olddefconfig bzImage
tinyconfig:
	printf 'CONFIG_KERNEL_XZ=y\\n# CONFIG_SMP is not set\\n' > $(O)/.config
olddefconfig:
	echo 'CONFIG_DONE=y' >> $(O)/.config
bzImage: $(O)/arch/x86/boot/bzImage
$(O)/arch/x86/boot/bzImage: code.c $(O)/.config
	mkdir -p $(@D)
	echo "CC=$(CC) LLVM=$(LLVM)" > $@
	! grep '^broken' code.c || { echo "fs/xfs/code.c:1:1: error: unknown type name 'broken'" >&2; exit 1; }
	test ! -e slow || sleep 60
`

const COMMIT = 'a'.repeat(40)
const built = () => builtCommits(join(root, 'build'), { files: createFiles() })

let root: string
let controller: AbortController
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'vmtest-make-'))
  mkdirSync(join(root, 'source'))
  writeFileSync(join(root, 'source/Makefile'), MAKEFILE)
  writeFileSync(join(root, 'source/code.c'), 'int fine;\n')
  controller = new AbortController()
})
afterEach(() => rmSync(root, { recursive: true }))

function build(changes: Partial<KernelBuildOptions> = {}, hasCcache = false) {
  const exec = createExec()
  const which = async (program: string) => (program === 'ccache' ? (hasCcache ? '/usr/bin/ccache' : null) : exec.which(program))
  const options: KernelBuildOptions = {
    source: join(root, 'source'),
    commit: COMMIT,
    objects: join(root, 'build'),
    configuration: { kind: 'options', options: new Map([['CONFIG_SMP', 'y']]) },
    architecture: 'x86_64',
    jobs: 2,
    makeArguments: [],
    logFile: join(root, 'results/01.build.log'),
    signal: controller.signal,
    ...changes,
  }
  const clock = { now: () => new Date(0), monotonicSeconds: () => 0, sleep: async () => undefined }
  const runner = { env: { PATH: process.env.PATH }, untrusted: () => undefined } as unknown as Runner
  return buildKernel(options, { exec: { ...exec, which }, files: createFiles(), clock, runner })
}

const read = (path: string) => readFileSync(join(root, path), 'utf8')

test('a kernel is configured from tinyconfig and the options, and built into the kept directory', async () => {
  expect(await build()).toMatchObject({
    kind: 'built',
    image: join(root, 'build/arch/x86/boot/bzImage'),
    vmlinux: join(root, 'build/vmlinux'),
  })
  expect(read('build/.config')).toBe('CONFIG_KERNEL_XZ=y\nCONFIG_SMP=y\nCONFIG_DONE=y\n')
  expect(read('results/01.build.log')).toMatch(/^\$ make -C .*\/source O=.*\/build .*tinyconfig$/m)
})

test('a .config of one’s own is taken anew at each step, and is itself left alone', async () => {
  const path = join(root, 'my.config')
  writeFileSync(path, 'CONFIG_MINE=y\n')
  for (let step = 0; step < 2; step++) await build({ configuration: { kind: 'file', path, options: new Map() } })
  expect(read('build/.config')).toBe('CONFIG_MINE=y\nCONFIG_DONE=y\n')
  expect(read('my.config')).toBe('CONFIG_MINE=y\n')
})

test('ccache compiles where it is there and no compiler was chosen', async () => {
  await build({}, true)
  expect(read('build/arch/x86/boot/bzImage')).toContain('CC=ccache gcc')
  rmSync(join(root, 'build'), { recursive: true })
  await build({ makeArguments: ['LLVM=1'] }, true)
  expect(read('build/arch/x86/boot/bzImage')).toMatch(/CC=(?!ccache).* LLVM=1/)
})

test('what the objects are made of is known: a whole build, and what was tried since', async () => {
  expect(await built()).toEqual([])
  await build()
  expect(await built()).toEqual([COMMIT])
  const fine = readFileSync(join(root, 'source/code.c'))
  writeFileSync(join(root, 'source/code.c'), 'broken\n')
  const other = 'b'.repeat(40)
  for (let attempt = 0; attempt < 2; attempt++) await build({ commit: other })
  expect(await built()).toEqual([COMMIT, other])
  writeFileSync(join(root, 'source/code.c'), fine)
  await build({ commit: other })
  expect(await built()).toEqual([other])
})

test('objects of a first build that failed are of no known commit', async () => {
  writeFileSync(join(root, 'source/code.c'), 'broken\n')
  await build()
  expect(await built()).toEqual([])
})

test('what does not compile is a value that says the compiler’s error', async () => {
  writeFileSync(join(root, 'source/code.c'), 'broken\n')
  expect(await build()).toEqual({
    kind: 'failed',
    reason: "`make bzImage` fails: fs/xfs/code.c:1:1: error: unknown type name 'broken'",
  })
})

test('a tree without such a target fails too', async () => {
  writeFileSync(join(root, 'source/Makefile'), 'all:\n')
  expect(await build()).toMatchObject({ kind: 'failed', reason: expect.stringContaining("No rule to make target 'tinyconfig'") })
})

test('Ctrl-C ends make', async () => {
  writeFileSync(join(root, 'source/slow'), '')
  const building = build()
  setTimeout(() => controller.abort('SIGINT'), 300)
  expect(await building).toEqual({ kind: 'cancelled' })
}, 30_000)
