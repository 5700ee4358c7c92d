import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { formatSettings, hostProgramSettings } from '../../src/nix/configuration.js'
import { probeSandbox } from '../../src/nix/sandbox.js'
import { createExec } from '../../src/ports/real/exec.js'
import { NIX, NixSandbox } from './nix-sandbox.js'

// nix/lib/object-tree.sh by real Nix in its sandbox, on a small tree whose Makefile does what kbuild does: relative paths, the command
// and what was read beside each object. e2e/kernel/prove.sh does the same with a kernel, by hand.

const CHECKOUT = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
const needed = ['ccache', 'gcc', 'make', 'zstd', 'perl'].filter((program) => !existsSync(`/usr/bin/${program}`))
const env = process.env as Record<string, string>
const skipped =
  NIX === null
    ? 'nix'
    : needed.length > 0
      ? needed.join(', ')
      : (await probeSandbox({ userNamespace: true }, { exec: createExec(env) })).sandbox
        ? ''
        : 'sandbox'
if (skipped !== '') process.stderr.write(`object tree: skipped, this machine has no ${skipped}\n`)
const described = skipped === '' ? describe : describe.skip

const MAKEFILE = `VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 0
EXTRAVERSION =

CC = gcc
HOSTCC = gcc
obj = $(patsubst %/,%,$(dir $@))
NAMES = main fs/xfs/a fs/xfs/b fs/c fs/d fs/e
FLAGS = -O1 -g -I../include -fmacro-prefix-map=../= -include include/generated/autoconf.h

tinyconfig olddefconfig:
	@touch $(O)/.config
kernelrelease:
	@echo $(VERSION).$(PATCHLEVEL).$(SUBLEVEL)
all:
	@mkdir -p $(O)/include/generated
	@sed -n 's/^\\(CONFIG_[A-Z]*\\)=y/\\#define \\1 1/p' $(O)/.config >$(O)/new.h
	@cmp -s $(O)/new.h $(O)/include/generated/autoconf.h || cp $(O)/new.h $(O)/include/generated/autoconf.h
	$(MAKE) -C $(O) -f $(CURDIR)/Makefile O=$(O) image
image: tool table $(NAMES:%=%.o)
	./tool
	ld -r -o vmlinux $(NAMES:%=%.o)
	@cat table >>vmlinux && mkdir -p arch/x86/boot && cp vmlinux arch/x86/boot/bzImage && touch System.map
tool: ../scripts/tool.c
	$(HOSTCC) -O1 -o $@ $<
table: ../include/table.h
	cp $< $@
$(NAMES:%=%.o): %.o: ../%.c
	@mkdir -p $(dir $@)
	$(CC) $(FLAGS) $(if $(GCOV_PROFILE),$(CFLAGS_GCOV)) $(KCFLAGS) -Wp,-MMD,$(dir $@).$(notdir $@).cmd -Wp,-MT,$@ -c -o $@ $<
-include $(foreach name,$(NAMES),$(dir $(name)).$(notdir $(name)).o.cmd)
`

let sandbox: NixSandbox
beforeEach(async () => {
  sandbox = await NixSandbox.create()
  for (const name of ['builds', 'trees']) mkdirSync(join(offered(), name), { recursive: true })
  writeFileSync(join(offered(), 'ccache.conf'), 'max_size = 64Mi\n')
  write('Makefile', MAKEFILE)
  write('include/shared.h', 'struct inode { unsigned long number; };\n')
  write('include/table.h', '/* 1 */\n')
  write('scripts/tool.c', 'int main(void) { return 0; }\n')
  write('main.c', 'const char *here(void) { return __FILE__; }\n')
  write('fs/xfs/a.c', '#include "../../include/shared.h"\nunsigned long a(struct inode *inode) { return inode->number; }\n')
  write('fs/xfs/b.c', 'int b;\n')
  for (const name of ['c', 'd', 'e']) write(`fs/${name}.c`, `int ${name};\n`)
})
afterEach(() => sandbox.remove())

const tree = () => join(sandbox.directory, 'tree')
const offered = () => join(sandbox.directory, 'nix/var/kernel-vmtest/ccache')
function write(name: string, text: string): void {
  mkdirSync(dirname(join(tree(), name)), { recursive: true })
  writeFileSync(join(tree(), name), text)
}
const edit = (name: string, from: string | RegExp, to: string) =>
  write(
    name,
    readFileSync(join(tree(), name), 'utf8').replace(from, () => to),
  )
const archives = () => readdirSync(join(offered(), 'trees')).filter((name) => name.endsWith('.tar.zst'))

function nix(program: string, argv: readonly string[]): { readonly out: string; readonly log: string } {
  const seen = ['/bin', '/sbin', '/usr', '/lib', '/lib64'].filter((path) => existsSync(path))
  const settings = formatSettings([...hostProgramSettings([...seen, offered()]), ['sandbox', 'true'], ['sandbox-fallback', 'false']])
  const variables = { ...sandbox.env, NIX_CONFIG: `${sandbox.nix.config}\n${settings}` }
  const log = join(sandbox.directory, 'log')
  const out = execFileSync('bash', ['-c', '"$@" 2>"$0"', log, program, ...argv], { encoding: 'utf8', env: variables }).trim()
  return { out, log: readFileSync(log, 'utf8') }
}

const derivation = (options = '', counted = '[ ]') =>
  nix('nix-instantiate', [
    join(CHECKOUT, 'e2e/kernel/kernel.nix'),
    ...['--argstr', 'source', tree(), '--arg', 'checkout', CHECKOUT, '--argstr', 'options', options, '--arg', 'counted', counted],
  ]).out

/** A build's own account of it, and what it compiled of the tree. */
function build(options = '') {
  const { out, log } = nix('nix-store', ['--realise', derivation(options)])
  const account = /^objects of the last build are (?:used: .*|not used: .*)$/m.exec(log)?.[0] ?? 'none'
  const compiled = [...log.matchAll(/ -c -o \S+ \.\.\/(\S+)$/gm)].map((match) => match[1] ?? '').sort()
  const report: unknown = JSON.parse(readFileSync(join(offered(), 'builds', basename(out)), 'utf8'))
  return { objects: account.replace('objects of the last build are ', ''), compiled, report, vmlinux: readFileSync(join(out, 'vmlinux')) }
}

/** The same build with no objects to take: Nix compares what comes out (and throws where it differs). */
function checkAgainstClean(options = ''): void {
  execFileSync('mv', [join(offered(), 'trees'), join(sandbox.directory, 'trees')])
  expect(nix('nix-store', ['--realise', '--check', derivation(options)]).log).not.toContain('are used')
  rmSync(join(offered(), 'trees'), { recursive: true, force: true })
  execFileSync('mv', [join(sandbox.directory, 'trees'), join(offered(), 'trees')])
}

const ALL = ['fs/c.c', 'fs/d.c', 'fs/e.c', 'fs/xfs/a.c', 'fs/xfs/b.c', 'main.c']

described('objects of the last build', () => {
  test('what was edited is compiled, and the same bytes come out as of a clean build', () => {
    const cold = build()
    expect(cold).toMatchObject({ objects: 'none', compiled: ALL, report: { hits: 0, misses: 6, reused: 0, kept: true } })
    edit('fs/xfs/b.c', 'int b;', 'int b = 2;')
    const warm = build()
    expect(warm).toMatchObject({
      objects: 'used: 1 sources changed',
      compiled: ['fs/xfs/b.c'],
      report: { hits: 5, misses: 1, reused: 5, kept: false },
    })
    expect(warm.vmlinux.equals(cold.vmlinux)).toBe(false)
    checkAgainstClean()
    // Met by another path than its own, from a directory in which nothing changed.
    edit('include/shared.h', 'unsigned', 'int first; unsigned')
    expect(build()).toMatchObject({ objects: 'used: 2 sources changed', compiled: ['fs/xfs/a.c', 'fs/xfs/b.c'] })
    checkAgainstClean()
  })

  test('a kernel that counts has the notes of what counts, and leaves the objects of the plain one', () => {
    build()
    const kept = archives()
    const counting = derivation('', '[ "fs/xfs" "fs/none" ]')
    const notes = join(nix('nix-store', ['--realise', counting]).out, 'coverage')
    expect(readdirSync(notes, { recursive: true }).sort()).toEqual(['compiled-in.json', 'fs', 'fs/xfs', 'fs/xfs/a.gcno', 'fs/xfs/b.gcno'])
    expect(JSON.parse(readFileSync(join(notes, 'compiled-in.json'), 'utf8'))).toEqual({
      objects: '/build/source/build',
      tree: '/build/source',
    })
    // The same bytes each time, the notes' stamps too.
    nix('nix-store', ['--realise', '--check', counting])
    expect(archives()).toEqual(kept)
  })

  test('what make cannot know by a file’s time is built clean', () => {
    build()
    const cases: readonly (readonly [string, () => void, string])[] = [
      ['flags', () => edit('Makefile', '-O1 -g', '-O2 -g'), 'not used: ./Makefile changed'],
      ['a header a Makefile names', () => edit('include/table.h', '1', '2'), 'not used: ./Makefile names a file that changed'],
      ['a script', () => edit('scripts/tool.c', 'return 0', 'return 1 - 1'), 'not used: ./scripts/tool.c changed'],
      ['a file added', () => write('include/linux/new.h', '\n'), 'not used: files were added, removed or changed their kind'],
      ['a file removed', () => rmSync(join(tree(), 'include/linux/new.h')), 'not used: files were added, removed or changed their kind'],
    ]
    for (const [what, change, expected] of cases) {
      change()
      expect([what, build()]).toEqual([what, expect.objectContaining({ objects: expected, compiled: ALL })])
      expect(archives()).toHaveLength(1)
    }
    expect(build('CONFIG_OTHER=y')).toMatchObject({ objects: 'none', compiled: ALL })
    checkAgainstClean('CONFIG_OTHER=y')
  })

  test('damaged objects are thrown away, and an error is the clean build’s', () => {
    build()
    const [name = ''] = archives()
    const archive = join(offered(), 'trees', name)
    const { mtime, size } = statSync(archive)
    writeFileSync(
      archive,
      readFileSync(archive).map((byte, index) => (index === size >> 1 ? byte ^ 1 : byte)),
    )
    utimesSync(archive, mtime, mtime)
    edit('fs/c.c', 'int c;', 'int c = 3;')
    expect(build()).toMatchObject({ objects: 'not used: it is damaged', compiled: ALL })
    edit('fs/c.c', 'int c', 'in c')
    expect(() => build()).toThrow()
    const log = readFileSync(join(sandbox.directory, 'log'), 'utf8')
    expect(log).toContain('the kernel could not be made of objects of the last build; made anew')
    expect(log.match(/fs\/c\.c:1:\d+: error/g)).toHaveLength(1)
  })
})
