import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { runCli } from '../../src/cli/cli.js'
import { parseKernelConfig } from '../../src/kconfig/index.js'
import { createFiles } from '../../src/ports/real/files.js'
import { cliContext } from './cli-context.js'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vmtest-config-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

async function config(...argv: string[]): Promise<{ exitCode: number; out: string; err: string }> {
  const { context, printed } = cliContext(directory, { files: createFiles() })
  const exitCode = await runCli(['config', ...argv], context)
  return { exitCode, ...printed }
}

test('show names each option with its fragment', async () => {
  const { exitCode, out } = await config('show', 'xfs_quota', 'kasan')
  expect(exitCode).toBe(0)
  expect(out).toMatch(/^CONFIG_XFS_QUOTA=y +xfs$/m)
  expect(out).toMatch(/^CONFIG_KASAN=y +kasan$/m)
  const asked = JSON.parse((await config('show', '--json', 'kasan')).out)
  expect(asked[0]).toEqual({ name: 'CONFIG_DEBUG_KERNEL', value: 'y', fragment: 'kasan', line: expect.any(Number) })
})

test('a merged .config lacks nothing, and the one before is kept', async () => {
  const before = '# CONFIG_KASAN is not set\nCONFIG_XFS_FS=m\nCONFIG_LOCALVERSION="-mine"\n'
  writeFileSync(join(directory, '.config'), before)
  const lacking = await config('diff', '.config', 'xfs_4k', '--json')
  expect(lacking.exitCode).toBe(1)
  expect(JSON.parse(lacking.out)).toMatchObject({ sections: [{ name: 'xfs_4k', missing: ['CONFIG_XFS_POSIX_ACL'] }], notrun: null })
  expect((await config('merge', '.config', 'xfs_4k', 'kasan')).exitCode).toBe(0)
  expect(await config('diff', '.config', 'xfs_4k', 'kasan')).toMatchObject({ exitCode: 0, out: expect.stringMatching(/^All \d+ options/) })
  expect(readFileSync(join(directory, '.config.old'), 'utf8')).toBe(before)
  expect(parseKernelConfig(readFileSync(join(directory, '.config'), 'utf8')).get('CONFIG_LOCALVERSION')).toBe('"-mine"')
})

test('of a choice the one asked for stands last, since the last one wins', async () => {
  writeFileSync(join(directory, '.config'), '# CONFIG_KERNEL_GZIP is not set\nCONFIG_KERNEL_XZ=y\n')
  await config('merge', '.config', 'x86_64')
  const names = [...parseKernelConfig(readFileSync(join(directory, '.config'), 'utf8')).keys()]
  expect(names.indexOf('CONFIG_KERNEL_GZIP')).toBeGreaterThan(names.indexOf('CONFIG_KERNEL_XZ'))
})

test('fragment prints what merge would set', async () => {
  const fragment = (await config('fragment', 'xfs_4k')).out
  const shown = JSON.parse((await config('show', 'xfs_4k', '--json')).out) as { name: string; value: string }[]
  expect([...parseKernelConfig(fragment)].sort()).toEqual(shown.map(({ name, value }) => [name, value]).sort())
})

test('an unknown name and an unreadable file are usage errors', async () => {
  expect(await config('show', 'xsf')).toMatchObject({ exitCode: 2, err: expect.stringContaining('`xsf`') })
  expect(await config('diff', 'nothing')).toMatchObject({ exitCode: 2, err: expect.stringContaining('nothing cannot be read') })
})
