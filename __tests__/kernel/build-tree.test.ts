import { describe, expect, test } from '@jest/globals'
import { UserError } from '../../src/domain/errors.js'
import type { Progress } from '../../src/domain/stages.js'
import { buildKernelTree, enclosingKernelTree, findKernelTree, type KernelTreeRequest } from '../../src/kernel/index.js'
import { FakeTree, TREE } from './fake-tree.js'

const request: KernelTreeRequest = {
  ...{ directory: TREE, config: null, kconfig: [], checkout: '/checkout', cacheDirectory: '/cache', workspace: '/work' },
}
const build = (tree: FakeTree, changes: Partial<KernelTreeRequest> = {}) => buildKernelTree({ ...request, ...changes }, tree.ports)

async function refused(tree: FakeTree, changes: Partial<KernelTreeRequest> = {}): Promise<UserError> {
  const error: unknown = await build(tree, changes).catch((thrown: unknown) => thrown)
  if (error instanceof UserError) return error
  throw new Error('nothing was refused')
}

test('the kernel comes with its configuration and vmlinux, its objects outside the tree', async () => {
  const tree = new FakeTree()
  const before = [...tree.files.files.keys()].filter((path) => path.startsWith(`${TREE}/`))
  const { kernel } = await build(tree)
  const objects = kernel.image.replace('/arch/x86/boot/bzImage', '')
  expect(objects).toMatch(/^\/cache\/kernel-trees\/linux-[0-9a-f]{8}$/)
  expect(kernel).toEqual({
    image: `${objects}/arch/x86/boot/bzImage`,
    release: '6.18.0',
    config: `${objects}/.config`,
    vmlinux: `${objects}/vmlinux`,
  })
  expect(tree.files.text(`${objects}/.config`)).toContain('CONFIG_XFS_FS=y')
  expect([...tree.files.files.keys()].filter((path) => path.startsWith(`${TREE}/`))).toEqual(before)
  expect(tree.targets).toEqual(['tinyconfig', 'olddefconfig', 'bzImage vmlinux'])
})

test('configured again only where what it is made of changed', async () => {
  const tree = new FakeTree()
  await build(tree)
  tree.commands.length = 0
  await build(tree)
  expect(tree.targets).toEqual(['olddefconfig', 'bzImage vmlinux'])
  tree.commands.length = 0
  await build(tree, { kconfig: ['kasan'] })
  expect(tree.targets).toEqual(['tinyconfig', 'olddefconfig', 'bzImage vmlinux'])
  tree.files.set('/checkout/nix/kconfig/xfs.config', 'CONFIG_XFS_FS=y\nCONFIG_XFS_RT=y\n')
  tree.commands.length = 0
  await build(tree, { kconfig: ['kasan'] })
  expect(tree.targets[0]).toBe('tinyconfig')
})

test('a kernel for its own tests alone has no file system of other tests, and another suite’s run configures it anew', async () => {
  const tree = new FakeTree()
  tree.files.set('/checkout/nix/kconfig/kunit.config', 'CONFIG_KUNIT=y\n')
  const { kernel } = await build(tree, { tests: 'kernel', kconfig: ['kunit'] })
  const options = () => new Set((tree.files.text(kernel.config ?? '') ?? '').split('\n').filter((line) => line !== ''))
  expect(options()).toEqual(
    new Set(['CONFIG_SMP=y', 'CONFIG_HANG_DETECTION=y', 'CONFIG_DEBUG_INFO=y', 'CONFIG_X86_64=y', 'CONFIG_KUNIT=y']),
  )
  await build(tree)
  expect(options()).toContain('CONFIG_XFS_FS=y')
  expect(options()).toContain('CONFIG_FSTESTS=y')
})

test('where QEMU boots vmlinux itself, no bzImage is packed of it', async () => {
  const tree = new FakeTree()
  tree.files.set('/checkout/nix/kconfig/x86_64.config', 'CONFIG_X86_64=y\nCONFIG_PVH=y\n')
  const { kernel } = await build(tree)
  expect(tree.targets.at(-1)).toBe('vmlinux')
  expect(kernel).toMatchObject({ image: kernel.vmlinux, release: '6.18.0' })
})

/** As Kconfig writes it (scripts/kconfig/confdata.c, conf_write_autoconf_cmd). */
const AUTO_CONF_CMD = `autoconfig := include/config/auto.conf

deps_config := \\
\tKconfig \\
\tfs/xfs/Kconfig

$(autoconfig): $(deps_config)

ifneq "$(CC)" "gcc"
$(autoconfig): FORCE
endif

ifneq "$(CC_VERSION_TEXT)" "gcc (Debian 12.2.0) 12.2.0"
$(autoconfig): FORCE
endif

$(deps_config): ;
`

describe('a configuration that make would take as it is', () => {
  /** @param newer files that are newer than auto.conf; @param absent files that are not there */
  async function targetsAfter({ newer = [], absent = [], version }: { newer?: string[]; absent?: string[]; version?: string }) {
    const tree = new FakeTree()
    const { kernel } = await build(tree)
    const objects = kernel.config?.replace('/.config', '') ?? ''
    tree.files.set(`${objects}/include/config/auto.conf.cmd`, AUTO_CONF_CMD)
    tree.commands.length = 0
    if (version !== undefined) tree.compilerVersion = version
    const mark = (path: string) => {
      if (absent.some((name) => path.endsWith(name))) return null
      const modifiedNs = newer.some((name) => path.endsWith(name)) ? 2n : 1n
      return { kind: 'file', text: '', changedMs: 0, modifiedNs } as const
    }
    const { ports } = tree
    await buildKernelTree(request, { ...ports, files: { ...ports.files, marks: async (paths) => paths.map(mark) } })
    return tree.targets
  }

  test('is not asked again', async () => {
    expect(await targetsAfter({})).toEqual(['bzImage vmlinux'])
  })

  test.each([
    ['a Kconfig file changed', { newer: ['fs/xfs/Kconfig'] }],
    ['a hand changed .config', { newer: ['/.config'] }],
    ['the Makefile changed', { newer: ['/linux/Makefile'] }],
    ['a Kconfig file is gone', { absent: ['/linux/Kconfig'] }],
    ['nothing was made of it yet', { absent: ['include/config/auto.conf'] }],
    ['the compiler is another version', { version: 'gcc (Debian 13.1.0) 13.1.0' }],
  ])('is asked again where %s', async (_, change) => {
    expect(await targetsAfter(change)).toEqual(['olddefconfig', 'bzImage vmlinux'])
  })
})

test('a target or a file to start from, options of one’s own last', async () => {
  const tree = new FakeTree()
  await build(tree, { config: 'defconfig' })
  expect(tree.targets[0]).toBe('defconfig')
  tree.files.set('/work/mine', 'CONFIG_MINE=y\nCONFIG_MODULES=y\n')
  tree.commands.length = 0
  const { kernel } = await build(tree, { config: 'mine', kconfig: ['CONFIG_SMP=n'] })
  const config = tree.files.text(kernel.config ?? '') ?? ''
  expect(config).toContain('CONFIG_MINE=y')
  expect(config.lastIndexOf('CONFIG_SMP=n')).toBeGreaterThan(config.lastIndexOf('CONFIG_SMP=y'))
  expect(tree.targets.slice(0, 2)).toEqual(['olddefconfig', 'bzImage vmlinux modules'])
  expect(kernel.modules).toMatch(/vmtest-modules$/)
})

test('that make configures is told before it begins', async () => {
  const tree = new FakeTree()
  const steps: (string | null)[] = []
  const onProgress = (progress: Progress) => {
    if (progress.kind === 'build') steps.push(progress.counted?.step ?? null)
    if (steps.length === 1) expect(tree.targets).toEqual([])
  }
  await build(tree, { onProgress })
  expect(steps[0]).toBe('configuring')
  expect(steps.at(-1)).toBeNull()
})

test('an option that did not survive is named with what it needs', async () => {
  const tree = new FakeTree()
  await build(tree, { kconfig: ['CONFIG_XFS_DEBUG=y'] })
  expect(tree.said).toContainEqual(
    expect.stringMatching(
      /^warning: kernel configuration: CONFIG_XFS_DEBUG=y \(options\.config:1\) is not in the configuration: needs EXPERT/,
    ),
  )
})

test('a compile error is an annotation on its line, and the first thing said', async () => {
  const tree = new FakeTree()
  tree.files.set(`${TREE}/fs/xfs/xfs_inode.c`, '#error broken\n')
  const error = await refused(tree, { logPath: '/run/build.log' })
  expect(error.kind).toBe('build-failed')
  expect(error.message.split('\n')[0]).toBe('The kernel does not build: fs/xfs/xfs_inode.c:1:2: error: #error broken')
  expect(error.nextStep).toBe('The rest of make was ended; `--keep-going` lets it go on. The whole log: /run/build.log')
  // As it was said, before make had ended: with what leads to it, and the source line.
  expect(tree.said).toContainEqual(
    [
      "fs/xfs/xfs_inode.c: In function 'xfs_iget':",
      'fs/xfs/xfs_inode.c:1:2: error: #error broken',
      '    1 | #error broken',
      '      |  ^~~~~',
    ].join('\n'),
  )
  expect(tree.files.text('/run/build.log')).toContain('make> make[3]: ***')
  expect(tree.annotations).toEqual([
    {
      ...{ level: 'error', title: 'Does not build', file: 'linux/fs/xfs/xfs_inode.c', line: 1 },
      message: "#error broken\n    1 | #error broken\n      |  ^~~~~\nIn function 'xfs_iget'",
    },
  ])
})

test('a header of the machine that is missing is named by its package', async () => {
  const tree = new FakeTree()
  tree.lacksLibelf = true
  const error = await refused(tree, { logPath: '/run/build.log' })
  expect(error.message).toContain('gelf.h: No such file')
  expect(error.nextStep).toBe('Install libelf-dev (`apt-get install libelf-dev`), or enter the tree’s shell. The whole log: /run/build.log')
})

test('ccache and a lock are used where there are any, and clang where the environment has it', async () => {
  const tree = new FakeTree()
  for (const program of ['ccache', 'flock', 'setpriv']) tree.programs.add(program)
  await build(tree)
  expect(tree.commands.at(-1)).toMatch(
    /^\/bin\/setpriv --pdeathsig TERM \/bin\/flock --no-fork \/cache\/kernel-trees\/\S+\/vmtest\.lock make .* -j 4 .* CC=ccache gcc bzImage vmlinux$/,
  )
  expect(tree.said.join()).toContain('with ccache gcc (configured anew')
  tree.env.LLVM = '1'
  await build(tree)
  expect(tree.commands.at(-1)).toContain('CC=ccache clang ')
  tree.env.CC = 'ccache gcc-13'
  await build(tree)
  expect(tree.commands.at(-1)).toContain('CC=ccache gcc-13 ')
})

test('an interruption reaches make, and the next run starts over from what it left', async () => {
  const tree = new FakeTree()
  expect((await refused(tree, { signal: AbortSignal.abort() })).message).toContain('was interrupted')
  tree.commands.length = 0
  await build(tree)
  expect(tree.targets[0]).toBe('tinyconfig')
})

test.each<[string, (tree: FakeTree) => void, Partial<KernelTreeRequest>, RegExp, string]>([
  ['no tree', () => undefined, { directory: '/checkout' }, /is not a kernel's source tree/, 'usage'],
  ['built in place', (tree) => tree.files.set(`${TREE}/.config`, ''), {}, /was built in place/, 'usage'],
  ['no compiler', (tree) => tree.programs.delete('gcc'), {}, /gcc is missing/, 'could-not-test'],
  ['no bison', (tree) => tree.programs.delete('bison'), {}, /bison is missing/, 'could-not-test'],
  ['an unknown fragment', () => undefined, { kconfig: ['kazan'] }, /`kazan` is no kernel configuration: .*kasan/, 'usage'],
])('%s is refused before anything is made', async (_what, change, changes, message, kind) => {
  const tree = new FakeTree()
  change(tree)
  const error = await refused(tree, changes)
  expect(error.message).toMatch(message)
  expect(error.kind).toBe(kind)
  expect(tree.targets).toEqual([])
})

test('the tree at hand is the directory, or `linux` in it', async () => {
  const { files } = new FakeTree()
  expect(await findKernelTree(TREE, files.port)).toBe(TREE)
  expect(await findKernelTree('/work', files.port)).toBe(TREE)
  expect(await findKernelTree('/checkout', files.port)).toBeNull()
  expect(await enclosingKernelTree(`${TREE}/fs/xfs`, files.port)).toBe(TREE)
  expect(await enclosingKernelTree(TREE, files.port)).toBe(TREE)
  // Beside a tree is not in it.
  expect(await enclosingKernelTree('/work', files.port)).toBeNull()
})
