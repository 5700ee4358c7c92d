import { describe, expect, test } from '@jest/globals'
import { buildSelftests, checkSelftests, selftestFragments } from '../../src/kernel/selftests.js'
import type { CommandOptions, Ports } from '../../src/ports/index.js'
import { FakeFiles } from '../bundle/fake-files.js'

const SELFTESTS = '/linux/tools/testing/selftests'

/** A tree with three targets, and a `make` that fails where `broken` is among its targets. */
function machine({ rsync = true } = {}) {
  const files = new FakeFiles({
    [`${SELFTESTS}/mount/Makefile`]: '',
    [`${SELFTESTS}/mount/config`]: 'CONFIG_USER_NS=y\n',
    [`${SELFTESTS}/net/forwarding/Makefile`]: '',
    [`${SELFTESTS}/net/forwarding/config`]: '# CONFIG_X=m\nCONFIG_BRIDGE=m\nCONFIG_NAME="m"\nCONFIG_MAX=max\n',
    [`${SELFTESTS}/broken/Makefile`]: '',
    '/objects/vmtest-selftests/kselftest-list.txt': 'old:test\n',
  })
  const commands: string[] = []
  const ports = {
    files: files.port,
    clock: { now: () => new Date(0), monotonicSeconds: () => 0, sleep: async () => undefined },
    exec: {
      which: async (program: string) => (program === 'rsync' && !rsync ? null : `/bin/${program}`),
      run: async (argv: readonly string[], { onStderrLine }: CommandOptions = {}) => {
        commands.push(argv.join(' '))
        const isBroken = argv.some((word) => word.startsWith('TARGETS=') && word.includes('broken'))
        if (isBroken) onStderrLine?.(`${SELFTESTS}/broken/broken.c:1:10: fatal error: sys/capability.h: No such file or directory`)
        return { code: isBroken ? 2 : 0, signal: null, stdout: '', stderr: '', timedOut: false }
      },
    },
    runner: { env: {}, info: () => undefined, untrusted: () => undefined },
  } as unknown as Pick<Ports, 'exec' | 'files' | 'clock' | 'runner'>
  const setting = { tree: '/linux', objects: '/objects', variables: ['CC=gcc-13'], jobs: 4, prefix: [] }
  return { build: (targets: readonly string[]) => buildSelftests({ setting, targets, logPath: '/log' }, ports), commands, files, ports }
}

describe('buildSelftests', () => {
  test('makes the headers, then installs the targets, none of which may fail; what was there before is gone', async () => {
    const { build, commands, files } = machine()
    expect(await build(['mount', 'net/forwarding'])).toBe('/objects/vmtest-selftests')
    expect(commands).toEqual([
      'make -C /linux O=/objects -j 4 --output-sync=target CC=gcc-13 headers',
      `make -C ${SELFTESTS} O=/objects -j 4 --output-sync=target CC=gcc-13 TARGETS=mount net/forwarding FORCE_TARGETS=1 INSTALL_PATH=/objects/vmtest-selftests install`,
    ])
    expect(files.text('/objects/vmtest-selftests/kselftest-list.txt')).toBeNull()
  })

  test('a target that does not build is a build that failed, with the compiler’s words', async () => {
    const { build, files } = machine()
    await expect(build(['mount', 'broken'])).rejects.toMatchObject({
      kind: 'build-failed',
      message: expect.stringContaining('sys/capability.h: No such file or directory'),
    })
    expect(files.text('/log')).toContain('make> broken/broken.c:1:10: fatal error')
  })

  test('without rsync nothing is tested: make would be green and install nothing', async () => {
    const { build, commands } = machine({ rsync: false })
    await expect(build(['mount'])).rejects.toMatchObject({ kind: 'could-not-test', message: expect.stringContaining('rsync is missing') })
    expect(commands).toEqual([])
  })
})

test.each([
  [[], 'No kselftest targets were named'],
  [['mount', 'nosuch'], 'has no kselftest target `nosuch`'],
  [['../../perf', 'mount x', 'a=b', '-f'], 'has no kselftest target `../../perf`, `mount x`, `a=b`, `-f`'],
])('targets %j are refused', async (targets, message) => {
  await expect(checkSelftests('/linux', targets, machine().ports)).rejects.toThrow(message)
})

test('what targets ask of the configuration is all built in', async () => {
  expect(await selftestFragments('/linux', ['broken', 'mount', 'net/forwarding'], machine().ports)).toEqual([
    { name: 'kselftest-mount', text: 'CONFIG_USER_NS=y\n' },
    { name: 'kselftest-net-forwarding', text: '# CONFIG_X=m\nCONFIG_BRIDGE=y\nCONFIG_NAME="m"\nCONFIG_MAX=max\n' },
  ])
})
