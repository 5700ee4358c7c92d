import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import type { VmBundle } from '../../../src/domain/bundle.js'
import { readKunit } from '../../../src/suites/kunit/catalogue.js'
import { kunitDrive } from '../../../src/suites/kunit/drive.js'
import { suitesOfKernel, suitesOfModule } from '../../../src/suites/kunit/elf.js'
import { kunit } from '../../../src/suites/kunit/index.js'
import { judgeKunit } from '../../../src/suites/kunit/verdict.js'
import { diskFiles } from '../tree-files.js'

const exit = (code: number) => ({ kind: 'exit' as const, code })
const results = (lines: readonly string[], last: string) =>
  ['KTAP version 1', '1..1', '    KTAP version 1', '    # Subtest: example', ...lines.map((line) => `    ${line}`), last, ''].join('\n')

describe('what debugfs says of a suite', () => {
  // As lib/kunit/debugfs.c of 6.12 prints it: parameters below their case, skips, the suite's own line.
  const parameters = [
    '    KTAP version 1',
    '    # Subtest: example_params_test',
    '    ok 1 value 1',
    '    ok 2 value 2 # SKIP unsupported',
    '# example_params_test: pass:1 fail:0 skip:1 total:2',
  ]

  test('passes, with a skipped case and parameters', () => {
    const text = results(['1..3', 'ok 1 a', 'ok 2 b # SKIP no hardware', ...parameters, 'ok 3 example_params_test'], 'ok 1 example')
    const verdict = judgeKunit(exit(0), text, 'example')
    expect(verdict.status).toBe('pass')
    expect(verdict.subtests.map(({ name }) => name)).toEqual(expect.arrayContaining([expect.stringContaining('value 2')]))
  })

  test('a failed case is a failure, also behind a suite that is ok', () => {
    expect(judgeKunit(exit(0), results(['1..2', 'ok 1 a', 'not ok 2 b'], 'not ok 1 example'), 'example').status).toBe('fail')
    expect(judgeKunit(exit(0), results(['1..2', 'ok 1 a', 'not ok 2 b'], 'ok 1 example'), 'example').status).toBe('fail')
  })

  test('fewer results than cases is no pass, nor results that end early', () => {
    expect(judgeKunit(exit(0), results(['1..3', 'ok 1 a', 'ok 2 b'], 'ok 1 example'), 'example').status).toBe('fail')
    expect(judgeKunit(exit(0), results(['1..2', 'ok 1 a', 'ok 2 b'], ''), 'example').status).not.toBe('pass')
  })

  test('all skipped is notrun', () => {
    // As debugfs of 6.12.117 has it: no word of it on the suite's own line, and none of the reason.
    const real =
      'KTAP version 1\n1..1\n    KTAP version 1\n    # Subtest: planted_skip\n    1..1\n    ok 1 skipped # SKIP \n    # module: planted\nok 1 planted_skip\n'
    expect(judgeKunit(exit(0), real, 'planted_skip')).toMatchObject({ status: 'notrun', message: 'every case was skipped' })
    expect(judgeKunit(exit(0), results(['1..2', 'ok 1 a # SKIP no', 'ok 2 b'], 'ok 1 example'), 'example').status).toBe('pass')
    const ofParameters = (status: string) =>
      results(['1..1', '    KTAP version 1', '    # Subtest: a', '    ok 1 x # SKIP no', `    ok 2 y${status}`, 'ok 1 a'], 'ok 1 example')
    expect(judgeKunit(exit(0), ofParameters(' # SKIP no'), 'example')).toMatchObject({ status: 'notrun' })
    expect(judgeKunit(exit(0), ofParameters(''), 'example').status).toBe('pass')
    expect(judgeKunit(exit(0), results(['1..1', 'ok 1 a # SKIP no'], 'ok 1 example # SKIP'), 'example').status).toBe('notrun')
  })

  test('nothing that ran, a filter, a kernel that has KUnit switched off: not tested', () => {
    expect(judgeKunit(exit(0), '', 'example').status).toBe('notreached')
    expect(judgeKunit(exit(0), 'KTAP version 1\n1..1\n', 'example').status).not.toBe('pass')
    const filtered = judgeKunit(exit(125), 'vmtest: not tested: the kernel did not take it: a filter\n', 'example')
    expect(filtered).toMatchObject({ status: 'notreached', message: 'the kernel did not take it: a filter' })
    // An exit status alone is no such word.
    expect(judgeKunit(exit(125), 'hello\n', 'example').status).toBe('fail')
  })

  test('another suite’s results are not this one’s', () => {
    expect(judgeKunit(exit(0), results(['1..1', 'ok 1 a'], 'ok 1 example2'), 'example').status).not.toBe('pass')
  })
})

describe('what runs in the guest', () => {
  let place: string
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'vmtest-kunit-'))
    for (const name of ['example', 'with blank', 'init']) {
      mkdirSync(join(place, 'kunit', name), { recursive: true })
      writeFileSync(join(place, 'kunit', name, 'results'), `results of ${name}\n`)
      if (name !== 'init') writeFileSync(join(place, 'kunit', name, 'run'), '')
    }
  })
  afterAll(() => rmSync(place, { recursive: true, force: true }))

  function start(name: string, file = 'vmlinux') {
    const section = { suite: 'kunit', name: 'default', description: '', disks: [], environment: {}, kernelOptions: [], settings: {} }
    const scale = { emulated: true, timeoutFactor: 1 }
    const { argv } = kunitDrive.command({ name, groups: [], file, line: 1 }, { section, scale, guestPath: '/' })
    const [program = '', ...words] = argv.map((word) =>
      word.replaceAll('/sys/kernel/debug/kunit', `${place}/kunit`).replaceAll('/tmp/kunit-', `${place}/seen-`),
    )
    const { status, stdout } = spawnSync(program, words, { encoding: 'utf8', env: { PATH: process.env.PATH } })
    return { status, stdout, ran: existsSync(join(place, 'kunit', name, 'run')) && readFileSync(join(place, 'kunit', name, 'run'), 'utf8') }
  }

  test('what ran at boot is read and does not run a second time, unless it is asked for again', () => {
    for (const name of ['example', 'with blank']) {
      expect(start(name)).toEqual({ status: 0, stdout: `results of ${name}\n`, ran: '' })
      expect(start(name)).toEqual({ status: 0, stdout: `results of ${name}\n`, ran: 'run\n' })
    }
    for (const _ of [1, 2]) expect(start('init')).toEqual({ status: 0, stdout: 'results of init\n', ran: false })
  })

  test('what the kernel did not take, or cannot load, is not tested', () => {
    expect(start('gone')).toMatchObject({ status: 125, stdout: expect.stringContaining('vmtest: not tested: the kernel did not take it') })
    expect(start('gone', 'no_such_module_of_ours')).toMatchObject({ status: 125, stdout: expect.stringContaining('cannot be loaded') })
  })
})

const cc = spawnSync('cc', ['--version']).status === 0 && process.arch === 'x64'
if (!cc) console.warn('skipped: no C compiler for x86-64 makes the files that KUnit’s tables are read from')

/** Tables as the kernel's macros and linker script make them (include/kunit/test.h, KUNIT_TABLE of vmlinux.lds.h). */
const BUILT_IN = `
struct kunit_suite { const char name[256]; void *rest[8]; };
struct kunit_suite first = { "example" }, second = { "list-kunit-test" }, third = { "example_init" };
__asm__(".section .kunit_test_suites,\\"aw\\"\\n.globl __kunit_suites_start\\n__kunit_suites_start: .quad first, second\\n.globl __kunit_suites_end\\n__kunit_suites_end:\\n"
        ".section .kunit_init_test_suites,\\"aw\\"\\n.globl __kunit_init_suites_start\\n__kunit_init_suites_start: .quad third\\n.globl __kunit_init_suites_end\\n__kunit_init_suites_end:\\n.text\\n");
void _start(void) {}
`
const MODULE = `
struct kunit_suite { const char name[256]; void *rest[8]; };
static int padding[100] = { 1 };
static struct kunit_suite own = { "planted" }, other = { "planted_too" };
static struct kunit_suite *array[] __attribute__((used, section(".kunit_test_suites"))) = { &own, &other };
int *use(void) { return padding; }
`

;(cc ? describe : describe.skip)('the suites of a kernel, read off its files', () => {
  let place: string
  const compile = (name: string, text: string, ...options: string[]) => {
    writeFileSync(join(place, `${name}.c`), text)
    const { status, stderr } = spawnSync('cc', [...options, '-o', join(place, name), join(place, `${name}.c`)], { encoding: 'utf8' })
    if (status !== 0) throw new Error(stderr)
  }
  const kernel = (rest: Partial<VmBundle['kernel']>): VmBundle['kernel'] => ({ image: 'i', release: '6.12.0', ...rest })

  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), 'vmtest-kunit-'))
    compile('vmlinux', BUILT_IN, '-nostdlib', '-static', '-no-pie', '-fno-pie')
    // Where x86-64 kernels lie, and their tables at any place: of one that begins and ends within 2 KiB both ends round to one number.
    for (const pages of [0, 1, 0x1bb3]) {
      const at = (0xffffffff81000000n + BigInt(pages) * 0x1000n).toString(16)
      compile(`high-${pages}`, BUILT_IN, '-nostdlib', '-static', '-no-pie', '-fno-pie', '-mcmodel=kernel', `-Wl,-Ttext-segment=0x${at}`)
    }
    compile('none', 'void _start(void) {}', '-nostdlib', '-static', '-no-pie')
    const modules = join(place, 'lib/modules/6.12.0/kernel/lib')
    mkdirSync(modules, { recursive: true })
    compile('lib/modules/6.12.0/kernel/lib/planted_kunit.ko', MODULE, '-c')
    writeFileSync(
      join(place, 'lib/modules/6.12.0/modules.dep'),
      'kernel/lib/planted_kunit.ko:\nkernel/lib/gone.ko: kernel/lib/planted_kunit.ko\n',
    )
  })
  afterAll(() => rmSync(place, { recursive: true, force: true }))

  test('built in, of init code too', async () => {
    expect(await suitesOfKernel(diskFiles, join(place, 'vmlinux'))).toEqual(['example', 'list-kunit-test', 'example_init'])
    for (const pages of [0, 1, 0x1bb3]) {
      expect(await suitesOfKernel(diskFiles, join(place, `high-${pages}`))).toEqual(['example', 'list-kunit-test', 'example_init'])
    }
    expect(await suitesOfKernel(diskFiles, join(place, 'none'))).toBeNull()
    expect(await suitesOfKernel(diskFiles, join(place, 'vmlinux.c'))).toBeNull()
  })

  test('of a module', async () => {
    expect(await suitesOfModule(diskFiles, join(place, 'lib/modules/6.12.0/kernel/lib/planted_kunit.ko'))).toEqual([
      'planted',
      'planted_too',
    ])
    expect(await suitesOfModule(diskFiles, join(place, 'vmlinux'))).toEqual([])
  })

  test('both are tests, the module is loaded for its own', async () => {
    const tests = await readKunit(diskFiles, kernel({ vmlinux: join(place, 'vmlinux'), modules: place }))
    expect(tests.map(({ name, file }) => `${name} of ${file}`)).toEqual([
      'example of vmlinux',
      'list-kunit-test of vmlinux',
      'example_init of vmlinux',
      'planted of planted_kunit',
      'planted_too of planted_kunit',
    ])
  })

  test('a kernel without suites, without vmlinux, or that would oops on purpose is refused', async () => {
    await expect(readKunit(diskFiles, kernel({ vmlinux: join(place, 'none') }))).rejects.toThrow('has no KUnit suite')
    await expect(readKunit(diskFiles, kernel({}))).rejects.toThrow('there is none')
    writeFileSync(join(place, 'config'), 'CONFIG_KUNIT=y\nCONFIG_KUNIT_FAULT_TEST=y\n')
    await expect(readKunit(diskFiles, kernel({ vmlinux: join(place, 'vmlinux'), config: join(place, 'config') }))).rejects.toThrow(
      'oopses on purpose',
    )
  })

  test('a file that is cut reads as less, or as nothing, and ends', async () => {
    const { readFileSync } = await import('node:fs')
    const whole = readFileSync(join(place, 'vmlinux'))
    for (const length of [0, 10, 64, 500, whole.length - 200]) {
      writeFileSync(join(place, 'cut'), whole.subarray(0, length))
      const names = await suitesOfKernel(diskFiles, join(place, 'cut')).catch(() => null)
      expect(names ?? []).not.toContain('nothing')
    }
  })
})

test('the fragment for a tree’s kernel is there, and builds nothing that oopses on purpose', async () => {
  expect(kunit.ofKernel?.fragments).toEqual(['kunit'])
  const text = await diskFiles.readText(new URL('../../../nix/kconfig/kunit.config', import.meta.url).pathname)
  expect(text).toContain('# CONFIG_KUNIT_FAULT_TEST is not set')
})
