// The offline guest's files are hashed by the machine's own sha256sum, whichever that is: GNU's, busybox' or rust-coreutils'.
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { collectHostTree, sha256Of } from '../../src/bundle/host-tree.js'
import type { Exec } from '../../src/ports/index.js'
import { createExec } from '../../src/ports/real/exec.js'
import { createFiles } from '../../src/ports/real/index.js'

const real = createExec(process.env)
const files = createFiles()

/** This machine, but for what its sha256sum answers. */
const machine = (sha256sum: (argv: readonly string[]) => ReturnType<Exec['run']>): Exec => ({
  ...real,
  run: (argv, options) => (argv[0] === 'sha256sum' ? sha256sum(argv) : real.run(argv, options)),
})

test('no option is needed that rust-coreutils of Debian 12 lacks, and a name that GNU escapes does no harm', async () => {
  const seen: string[] = []
  const exec = machine(async (argv) => {
    // Its usage is `sha256sum [OPTIONS] [FILE]...`; of the long ones 0.0.17 has --binary, --check, --status, --tag, --text, --quiet, --strict, --warn.
    seen.push(...argv.slice(1).filter((word) => word.startsWith('-') && word !== '--'))
    const answer = await real.run(argv)
    return { ...answer, stdout: answer.stdout.replace(/^(?=[0-9a-f]{64})/m, '\\') }
  })
  const tree = await collectHostTree({ exec, files })
  expect(seen).toEqual([])
  expect(tree.files.length).toBeGreaterThan(100)
  for (const file of tree.files.slice(0, 3)) expect(file.sha256).toBe(await sha256Of({ files }, file.path))
  expect(new Set(tree.files.map(({ path }) => path)).size).toBe(tree.files.length)
}, 240_000)

test('a sha256sum that says too little is no list of files', async () => {
  const exec = machine(async (argv) => {
    const answer = await real.run(argv)
    return { ...answer, stdout: answer.stdout.split('\n').slice(1).join('\n') }
  })
  await expect(collectHostTree({ exec, files })).rejects.toThrow(/^sha256sum said \d+ hashes of \d+ files\.$/)
}, 240_000)

// mkfs.vfat 4.2 in a guest without: `Cannot initialize conversion from codepage 850 to ANSI_X3.4-1968: Invalid argument`, which fails loop/008 of blktests.
const hasVfat = existsSync('/sbin/mkfs.vfat')
if (!hasVfat) console.log('skipped: mkfs.vfat is not on this machine')
;(hasVfat ? test : test.skip)(
  'beside mkfs.vfat comes the DOS code page of glibc, with its index, and no other',
  async () => {
    const tree = await collectHostTree({ exec: real, files })
    const conversions = tree.files.map(({ path }) => path).filter((path) => path.includes('/gconv/'))
    expect(conversions.filter((path) => path.endsWith('.so'))).toEqual([expect.stringMatching(/\/IBM850[.]so$/)])
    expect(conversions.some((path) => /\/gconv-modules/.test(path))).toBe(true)
  },
  240_000,
)

// A library that `make install` put into /usr/local/lib was copied to where the guest's loader does not look.
test('each library that the loader’s cache led to lies in a directory of which the guest’s cache is made', async () => {
  const usual = await collectHostTree({ exec: real, files })
  const [first = ''] = usual.libraryDirectories
  const library = usual.files.find(({ path }) => /\/libuuid\.so/.test(path))?.path ?? ''
  expect(library).not.toBe('')
  const elsewhere = mkdtempSync(join(tmpdir(), 'libraries-'))
  try {
    copyFileSync(library, join(elsewhere, 'libuuid.so.1'))
    const exec: Exec = {
      ...real,
      run: async (argv, options) => {
        const answer = await real.run(argv, options)
        const tag = process.arch === 'arm64' ? 'libc6,AArch64' : 'libc6,x86-64'
        const line = `\tlibuuid.so.1 (${tag}) => ${elsewhere}/libuuid.so.1\n`
        return argv.at(-1) === '-p' ? { ...answer, stdout: answer.stdout.replace(/^(?=\t)/m, line) } : answer
      },
    }
    const tree = await collectHostTree({ exec, files })
    expect(tree.files.map(({ path }) => path)).toContain(join(elsewhere, 'libuuid.so.1'))
    expect(tree.libraryDirectories).toEqual([...usual.libraryDirectories, elsewhere].sort())
    expect(first).toMatch(/^\//)
  } finally {
    rmSync(elsewhere, { recursive: true })
  }
}, 240_000)
