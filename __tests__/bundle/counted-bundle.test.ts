import { expect, test } from '@jest/globals'
import { countedBuild } from '../../src/bundle/counted-bundle.js'
import { nixBuild } from '../../src/bundle/nix-build.js'
import { explainFailure } from '../../src/bundle/nix-failure.js'
import type { NixEnvironment } from '../../src/domain/stages.js'
import type { Ports } from '../../src/ports/index.js'

const nix: NixEnvironment = { program: '/nix', version: '2.35', origin: 'found', config: '', sandbox: true, notes: [] }
const request = { nix, installable: '.#vmtest', impure: false, cwd: '/linux', outLink: '/cache/bundle-flake' }
const counting = { directories: ['fs/xfs', 'fs/iomap'], sources: { 'fs/xfs/xfs_file.c': 'ab' } }

test('a bundle that counts is the flake’s attribute, told by a variable of Nix what, with a link of its own', async () => {
  const asked: unknown[] = []
  const exec = {
    run: async (argv: readonly string[], { env }: { env: Readonly<Record<string, string>> }) => {
      asked.push([argv.slice(1), JSON.parse(env.KERNEL_VMTEST_COVERAGE ?? 'null')])
      return { code: 0, stdout: JSON.stringify([{ drvPath: '/d', outputs: { out: '/o' } }]), stderr: '', timedOut: false, signal: null }
    },
  }
  const ports = { exec, runner: { env: {} }, clock: { monotonicSeconds: () => 0 } } as unknown as Ports
  await nixBuild(countedBuild(request, counting), ports)
  const words = ['build', '.#vmtest.counted', '--json', '--out-link', '/cache/bundle-flake-counted', '--log-format', 'internal-json']
  expect(asked).toEqual([[[...words, '--impure'], { directories: counting.directories, files: counting.sources }]])
})

test.each([['fs/x f'], ['../fs'], ['/fs'], ['$(shell id)'], ['fs"xfs'], ['']])('no directory of a tree: %j', (directory) => {
  expect(() => countedBuild(request, { ...counting, directories: [directory] })).toThrow(/is no directory of a kernel tree/)
})

test('thousands of changed files are no longer a variable than a program may have', () => {
  const sources = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [`drivers/net/ethernet/vendor/some_file_${index}.c`, 'a'.repeat(64)]),
  )
  const { variables = {} } = countedBuild(request, { ...counting, sources })
  expect(Object.values(variables).map(({ length }) => length < 128 * 1024)).toEqual([true])
})

/** What a person reads where Nix says this. */
function explained(said: string, installable = '.#vmtest.counted', available: readonly string[] | null = ['default', 'vmtest']) {
  const failure = explainFailure({ installable, errors: [said], logs: [], logPath: null, exitCode: 1, available })
  return `${failure.message} ${failure.nextStep}`
}
const missing = (attribute: string) =>
  `error: flake 'git+file:///linux' does not provide attribute 'packages.x86_64-linux.${attribute}', 'legacyPackages.x86_64-linux.${attribute}' or '${attribute}'`

test('a library without it is named, with what to do; another attribute that is missing is as ever', () => {
  expect(explained(missing('vmtest.counted'))).toMatch(
    /^`\.#vmtest` cannot be built with counters: its kernel-vmtest is older than that, or it is none of `mkVmTest` and `mkNixosVmTest`\. Update that input.*--kernel-tree/,
  )
  expect(explained(missing('test.counted'), '.#test.counted')).toMatch(/^`\.#test\.counted` does not exist: .*; it has: default, vmtest\./)
  expect(explained(missing('vmtest'), '.#vmtest', [])).toMatch(/^`\.#vmtest` does not exist/)
})

test('why a kernel cannot count is said as the library says it', () => {
  const said = 'the kernel is built from another source than the tree. Different there: fs/xfs/xfs_file.c.'
  for (const error of [
    `error: kernel-vmtest: coverage: ${said}`,
    `error:\n       … while evaluating the attribute 'counted'\n         32|       throw "kernel-vmtest: coverage: the kernel is \${words}"\n\n       error: kernel-vmtest: coverage: ${said}`,
  ])
    expect(explained(error)).toMatch(
      /^`\.#vmtest` cannot be built with counters: the kernel is built from another source than the tree\. Different there: fs\/xfs\/xfs_file\.c\. Let the flake build the tree/,
    )
})
