import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { decodeReport, framesInChangedFilesFirst } from '../../src/crash/decode.js'
import { readTracedSymbol, SymbolTable } from '../../src/crash/symbol-table.js'
import { parseSymbolizer, symbolizerArgs } from '../../src/crash/symbolizer.js'
import type { Frame } from '../../src/domain/kernel-report.js'
import type { Exec } from '../../src/ports/index.js'
import { createExec } from '../../src/ports/real/exec.js'

const has = (program: string): boolean => {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
const missing = ['gcc', 'nm', 'objcopy', 'addr2line'].filter((program) => !has(program))
if (missing.length > 0) console.warn(`skipped: decoding a built image needs ${missing.join(', ')}`)
const describeBuilt = missing.length === 0 ? describe : describe.skip

/** The small kernel: `demo_read` inlines `check`; `same` is static in both files, of two sizes; `twin` likewise, of one size. */
const SOURCES: Readonly<Record<string, string>> = {
  'fs/demo/read.c': `volatile int sink;
static inline __attribute__((always_inline)) void check(int value)
{
	sink = value;
	__asm__ volatile("mark_in_check: nop");
}
static __attribute__((noipa)) int same(int x) { sink = x; sink = x; sink = x; sink = x; sink = x; sink = x; sink = x; sink = x; sink = x; return sink; }
static __attribute__((noipa)) int twin(int x) { sink = x; return sink; }
int other(int);
__attribute__((noipa)) int demo_read(int value)
{
	check(value);
	__asm__ volatile("mark_in_read: nop");
	return same(value) + twin(value) + other(value);
}
int _start(int value) { return demo_read(value) + 1; }
`,
  'kernel/other.c': `extern volatile int sink;
static __attribute__((noipa)) int same(int x) { sink = x; return sink + sink; }
static __attribute__((noipa)) int twin(int x) { sink = x; return sink; }
int other(int x) { return same(x) + twin(x); }
`,
  'drivers/mod/mod.c': `volatile int state;
__attribute__((section(".init.text"))) int mod_init(int x)
{
	state = x;
	__asm__ volatile("mark_in_init: nop");
	return state;
}
int mod_work(int x)
{
	state = x + 1;
	__asm__ volatile("mark_in_work: nop");
	return state;
}
`,
}

interface Built {
  readonly vmlinux: string
  readonly module: string
  /** `name+0xoffset/0xsize` of a mark inside a function. */
  readonly at: (image: 'vmlinux' | 'module', mark: string, name: string) => string
  /** The sizes of all functions of a name. */
  readonly sizes: (name: string) => readonly number[]
}

function build(dir: string): Built {
  const tree = join(dir, 'build/linux')
  for (const [path, text] of Object.entries(SOURCES)) {
    mkdirSync(join(tree, path, '..'), { recursive: true })
    writeFileSync(join(tree, path), text)
  }
  const vmlinux = join(dir, 'vmlinux')
  const module = join(dir, 'mod.ko')
  const flags = ['-g', '-O2', '-fno-ipa-icf', '-fno-pie', '-no-pie', '-ffreestanding', '-fcf-protection=none']
  execFileSync('gcc', [...flags, '-nostdlib', '-static', '-o', vmlinux, join(tree, 'fs/demo/read.c'), join(tree, 'kernel/other.c')])
  execFileSync('gcc', [...flags, '-c', '-o', module, join(tree, 'drivers/mod/mod.c')])
  const symbols = { vmlinux: nm(vmlinux), module: nm(module) }
  // The marks have done their work; a kernel has no symbols in the middle of functions.
  for (const image of [vmlinux, module]) execFileSync('objcopy', ['--wildcard', '--strip-symbol=mark_*', image])
  const find = (image: 'vmlinux' | 'module', name: string) =>
    symbols[image].find((symbol) => symbol.name === name) ?? { name, address: 0, size: 0 }
  return {
    vmlinux,
    module,
    at: (image, mark, name) => {
      const start = find(image, name)
      return `${name}+0x${(find(image, mark).address - start.address).toString(16)}/0x${start.size.toString(16)}`
    },
    sizes: (name) => symbols.vmlinux.filter((symbol) => symbol.name === name).map(({ size }) => size),
  }
}

function nm(image: string): { name: string; address: number; size: number }[] {
  const lines = execFileSync('nm', ['--format=posix', image], { encoding: 'utf8' }).trim().split('\n')
  return lines.map((line) => {
    const [name = '', , address = '0', size = '0'] = line.split(' ')
    return { name, address: Number.parseInt(address, 16), size: Number.parseInt(size || '0', 16) }
  })
}

const exec = createExec()
/** The same machine without some programs. */
const without = (...programs: string[]): Pick<Exec, 'run' | 'which'> => ({
  run: (argv, options) => exec.run(argv, options),
  which: (program) => (programs.includes(program) ? Promise.resolve(null) : exec.which(program)),
})
const frame = (symbol: string, module?: string): Frame => (module === undefined ? { symbol } : { symbol: `${symbol} [${module}]`, module })

describeBuilt('decoding with a built image', () => {
  const dir = mkdtempSync(join(tmpdir(), 'vmtest-decode-'))
  let built: Built
  beforeAll(() => {
    built = build(dir)
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  it.each([['llvm-symbolizer or addr2line'], ['addr2line alone']])(
    'gives function, file and line, inlined functions first (%s)',
    async (tools) => {
      const symbol = built.at('vmlinux', 'mark_in_check', 'demo_read')
      const report = { frames: [frame(symbol)], lines: [`RIP: 0010:${symbol}`] }
      const { frames, decoded, notes } = await decodeReport(
        report,
        { vmlinux: built.vmlinux },
        tools === 'addr2line alone' ? without('llvm-symbolizer') : exec,
      )
      expect(frames).toEqual([
        { symbol, function: 'check', file: 'fs/demo/read.c', line: 5, inlined: true },
        { symbol, function: 'demo_read', file: 'fs/demo/read.c', line: 12 },
      ])
      expect([decoded, notes]).toEqual([1, []])
    },
  )

  it('takes the instruction before a return address, and the very one of an instruction pointer', async () => {
    const symbol = built.at('vmlinux', 'mark_in_read', 'demo_read')
    const lineOf = async (...lines: string[]) =>
      (await decodeReport({ frames: [frame(symbol)], lines }, { vmlinux: built.vmlinux }, exec)).frames.at(-1)?.line
    expect(await lineOf(`RIP: 0010:${symbol}`)).toBe(13)
    // One byte earlier ends the nop of check(), inlined on line 12.
    expect(await lineOf(` ${symbol}`)).toBe(12)
  })

  it('tells static functions of one name by their sizes, and leaves alone those it cannot tell', async () => {
    const [one = 0, two = 0] = built.sizes('same')
    expect(one).not.toBe(two)
    const [size = 0, twin = 0] = built.sizes('twin')
    expect(size).toBe(twin)
    const hex = (value: number) => value.toString(16)
    const frames = [
      frame(`same+0x1/0x${hex(one)}`),
      frame(`same+0x1/0x${hex(two)}`),
      frame(`twin+0x1/0x${hex(size)}`),
      frame('same+0x1/0x4000'),
      frame('nowhere+0x1/0x2'),
    ]
    const outcome = await decodeReport({ frames, lines: [] }, { vmlinux: built.vmlinux }, exec)
    expect(
      outcome.frames
        .slice(0, 2)
        .map(({ file }) => file)
        .sort(),
    ).toEqual(['fs/demo/read.c', 'kernel/other.c'])
    expect(outcome.frames.slice(2)).toEqual(frames.slice(2))
    const unsure = frames.slice(2).map(({ symbol }) => symbol)
    expect(outcome.notes).toEqual([`Not to be told for sure in ${built.vmlinux}: ${unsure.join(', ')}.`])
  })

  it('decodes a module in both its sections', async () => {
    const init = built.at('module', 'mark_in_init', 'mod_init')
    const work = built.at('module', 'mark_in_work', 'mod_work')
    const report = { frames: [frame(work, 'mod'), frame(init, 'mod')], lines: [`RIP: 0010:${work} [mod]`, `pc : ${init} [mod]`] }
    const { frames } = await decodeReport(report, { vmlinux: built.vmlinux, modules: new Map([['mod', built.module]]) }, exec)
    expect(frames).toMatchObject([
      { function: 'mod_work', line: 11, module: 'mod' },
      { function: 'mod_init', line: 5, module: 'mod' },
    ])
  })

  it('says once that an image has no debug information, however long the trace', async () => {
    const stripped = join(dir, 'stripped')
    execFileSync('objcopy', ['--strip-debug', built.vmlinux, stripped])
    const frames = ['mark_in_check', 'mark_in_read'].map((mark) => frame(built.at('vmlinux', mark, 'demo_read')))
    const { decoded, notes } = await decodeReport({ frames, lines: [] }, { vmlinux: stripped }, exec)
    expect([decoded, notes]).toEqual([0, [expect.stringMatching(/stripped has no source lines for this trace: .*CONFIG_DEBUG_INFO/)]])
  })

  it('leaves the trace as it is, and says so, without image or tool', async () => {
    const frames = [frame(built.at('vmlinux', 'mark_in_read', 'demo_read')), frame('mod_work+0x1/0x2', 'mod')]
    const none = await decodeReport({ frames, lines: [] }, {}, exec)
    expect(none).toEqual({ frames, decoded: 0, notes: ['No vmlinux with debug information.', 'No module mod with debug information.'] })
    const toolless = await decodeReport(
      { frames: frames.slice(0, 1), lines: [] },
      { vmlinux: built.vmlinux },
      without('llvm-symbolizer', 'addr2line'),
    )
    expect(toolless.frames).toEqual(frames.slice(0, 1))
    expect(toolless.notes).toEqual([expect.stringContaining('on PATH')])
    const broken = await decodeReport({ frames: frames.slice(0, 1), lines: [] }, { vmlinux: join(dir, 'absent') }, exec)
    expect([broken.decoded, broken.notes.length]).toEqual([0, 1])
  })
})

describe('symbol table', () => {
  const LISTING = [
    'foo                 |ffffffff81000000|   t  |              FUNC|0000000000000030|     |.text',
    'foo                 |ffffffff81002000|   t  |              FUNC|0000000000000100|     |.text',
    'asm_entry           |ffffffff81003000|   T  |            NOTYPE|                |     |.text',
    'next                |ffffffff81003050|   T  |              FUNC|0000000000000010|     |.text',
    'alias               |ffffffff81003050|   T  |              FUNC|0000000000000010|     |.text',
    'data                |ffffffff82000000|   D  |            OBJECT|0000000000000010|     |.data',
  ].join('\n')
  const table = new SymbolTable(LISTING, new Set(['foo', 'asm_entry', 'alias', 'data']))
  const locate = (text: string) => {
    const symbol = readTracedSymbol(text)
    return symbol === null ? null : (table.locate(symbol)?.address ?? null)
  }

  it.each([
    ['foo+0x10/0x30', 0xffffffff81000010n],
    // The kernel counts the padding up to the next function.
    ['foo+0x10/0x40', 0xffffffff81000010n],
    ['foo+0x10/0x100', 0xffffffff81002010n],
    ['asm_entry+0x8/0x50', 0xffffffff81003008n],
    ['foo+0x10/0x90', null],
    ['foo+0x50/0x30', null],
    ['data+0x1/0x10', null],
    ['0xffffffff81000010', null],
  ])('%s lies at %p', (text, address) => {
    expect(locate(text)).toBe(address)
  })
})

describe('symbolizers', () => {
  it('are given an argv, never a shell line', () => {
    expect(symbolizerArgs({ program: '/bin/addr2line', family: 'binutils' }, '/a b/vmlinux', '.init.text')).toEqual([
      '/bin/addr2line',
      '--exe',
      '/a b/vmlinux',
      '--addresses',
      '--functions',
      '--inlines',
      '--section',
      '.init.text',
    ])
    expect(symbolizerArgs({ program: '/bin/llvm-symbolizer', family: 'llvm' }, 'vmlinux', null)).toContain('--obj=vmlinux')
  })

  it('answer in groups of which some are empty', () => {
    const output =
      '0x1\ninner\n/l/fs/a.c:3 (discriminator 2)\nouter\n/l/fs/a.c:9\n0x2\n??\n??:0\n0x3\nlast\n/l/fs/b.c:1\n0x4\n??\n/l/fs/c.c:7\n\n'
    expect(parseSymbolizer(output)).toEqual([
      [
        { function: 'inner', file: '/l/fs/a.c', line: 3 },
        { function: 'outer', file: '/l/fs/a.c', line: 9 },
      ],
      [],
      [{ function: 'last', file: '/l/fs/b.c', line: 1 }],
      [{ function: null, file: '/l/fs/c.c', line: 7 }],
    ])
  })
})

describe('frames in changed files', () => {
  it('come first, each group in the order of the stack', () => {
    const frames: Frame[] = ['a', 'b', 'c', 'd'].map((name) => ({ symbol: name, file: `fs/${name}.c` }))
    const order = framesInChangedFilesFirst([...frames, { symbol: 'none' }], ['fs/c.c', 'fs/b.c', 'fs/z.c']).map(({ symbol }) => symbol)
    expect(order).toEqual(['b', 'c', 'a', 'd', 'none'])
  })
})
