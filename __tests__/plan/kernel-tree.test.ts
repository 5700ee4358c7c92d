import { expect, test } from '@jest/globals'
import { parseInputs, type RawInputs } from '../../src/inputs/parse.js'
import { makePlan } from '../../src/plan/make-plan.js'

const facts = {
  ...{
    workingDirectory: '/work',
    hasFlake: true,
    kernelTree: '/work/linux',
    temporaryDirectory: '/tmp',
    job: { workflow: '', job: '', step: '' },
  },
  startedAt: new Date('2026-01-01T00:00:00Z'),
}
const plan = (raw: RawInputs, face: 'cli' | 'action' = 'cli', kernelTree: string | null = facts.kernelTree) =>
  makePlan(parseInputs(face, raw), { ...facts, kernelTree })
const tree = (directory: string) => ({ directory, config: null, kconfig: [] })

test('the command builds the tree it is in, unless kernel, bundle or flake are named', () => {
  expect(plan({}).kernelTree).toEqual(tree('/work/linux'))
  expect(plan({}).bundle).toMatchObject({ kind: 'flake', flake: '.' })
  for (const named of [{ kernel: 'bzImage' }, { bundle: 'offline' }, { bundle: '/b' }, { flake: '.' }, { 'kernel-tree': 'none' }])
    expect(plan(named).kernelTree).toBeUndefined()
  expect(plan({}, 'cli', null).kernelTree).toBeUndefined()
})

test('below a tree its flake and its runs are meant, and paths are one’s own', () => {
  const below = { ...facts, workingDirectory: '/work/linux/fs/xfs', projectDirectory: '/work/linux' }
  const made = makePlan(parseInputs('cli', { 'local-config': 'mine.config' }), below)
  expect(made).toMatchObject({ bundle: { kind: 'flake', flake: '/work/linux' }, localConfig: '/work/linux/fs/xfs/mine.config' })
  expect(made.outputDirectory).toMatch(/^\/work\/linux\/\.vmtest\/runs\//)
})

test('a tree that is named is built by either face, with any bundle', () => {
  expect(plan({ 'kernel-tree': 'k', bundle: 'offline' }, 'action').kernelTree).toEqual(tree('/work/k'))
  expect(plan({ 'kernel-tree': '/k', 'kernel-config': 'defconfig', kconfig: 'kasan CONFIG_A=y' }).kernelTree).toEqual({
    ...{ directory: '/k', config: 'defconfig', kconfig: ['kasan', 'CONFIG_A=y'] },
  })
})

test('the action chooses no tree by itself, and its command reproduces that in the tree', () => {
  expect(plan({}, 'action').kernelTree).toBeUndefined()
  expect(plan({}, 'action').reproduce).toBe('vmtest run --kernel-tree none @TESTS@')
  expect(plan({}, 'action', null).reproduce).toBe('vmtest run @TESTS@')
  expect(plan({ 'kernel-tree': 'k', kconfig: 'kasan' }).reproduce).toBe('vmtest run --kernel-tree k --kconfig kasan @TESTS@')
  expect(plan({}).reproduce).toBe('vmtest run @TESTS@')
})

test.each<[RawInputs, RegExp]>([
  [{ kernel: 'bzImage', 'kernel-tree': '/k' }, /`kernel-tree` and `kernel` are both given/],
  [{ kernel: 'bzImage', kconfig: 'kasan' }, /`kconfig` is given, but `kernel` is built already/],
  [{ 'kernel-tree': 'none', kconfig: 'kasan' }, /`kconfig` is given, but `kernel-tree` is `none`/],
  [{ flake: '.', kconfig: 'kasan' }, /`kconfig` is given, and the flake \. is named, so the kernel tree \S+ is not built/],
  [{ bundle: 'offline', kconfig: 'kasan' }, /`kconfig` is given, and a bundle is named, so the kernel tree \S+ is not built/],
])('%j is refused', (raw, message) => {
  expect(() => plan(raw)).toThrow(message)
})

test('a configuration without any tree says so', () => {
  expect(() => plan({ flake: '.', kconfig: 'kasan' }, 'cli', null)).toThrow(/`kconfig` is given without `kernel-tree`/)
  expect(() => plan({ flake: '.', 'kernel-config': '.config' }, 'cli', null)).toThrow(
    /`kernel-config` is given without `kernel-tree` or `kernel`/,
  )
})

test('a prebuilt kernel keeps its configuration', () => {
  expect(plan({ kernel: 'bzImage', 'kernel-config': '.config' }).kernel).toMatchObject({ config: '/work/.config' })
})
