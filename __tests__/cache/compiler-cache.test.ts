import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type CompilerCache, restoreCompilerCache, restoreStore, saveCompilerCache } from '../../src/cache/index.js'
import { formatSettings, hostProgramSettings } from '../../src/nix/configuration.js'
import { probeSandbox } from '../../src/nix/sandbox.js'
import { createExec } from '../../src/ports/real/exec.js'
import { NIX, NixSandbox } from './nix-sandbox.js'

const CHECKOUT = new URL('../..', import.meta.url).pathname.replace(/\/$/, '')
const missing = ['ccache', 'gcc', 'make'].filter((program) => !existsSync(`/usr/bin/${program}`))
const skipped = NIX === null ? 'nix' : missing.join(', ')
if (skipped !== '') process.stderr.write(`compiler cache: skipped, this machine has no ${skipped}\n`)

/** What a kernel's Makefile does for our builders: objects out of the tree, sources by relative paths, programs for the host. */
const MAKEFILE = `VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 0
EXTRAVERSION =

CC = gcc
HOSTCC = gcc
NAMES = main fs/a fs/b fs/c
FLAGS = -O1 -g -I../include -Wp,-MMD,$(O)/$(subst /,-,$*).d -fmacro-prefix-map=../=

tinyconfig olddefconfig:
	@touch $(O)/.config
kernelrelease:
	@echo $(VERSION).$(PATCHLEVEL).$(SUBLEVEL)
all:
	$(MAKE) -C $(O) -f $(CURDIR)/Makefile O=$(O) image
image: tool $(NAMES:%=%.o)
	./tool
	ld -r -o vmlinux $(NAMES:%=%.o)
	@mkdir -p arch/x86/boot && cp vmlinux arch/x86/boot/bzImage && touch System.map
tool: tool.o
	$(HOSTCC) -o $@ $<
tool.o: ../scripts/tool.c
	$(HOSTCC) -O1 -c -o $@ $<
$(NAMES:%=%.o): %.o: ../%.c
	@mkdir -p $(dir $@)
	$(CC) $(FLAGS) $(KCFLAGS) -c -o $@ $<
`

const described = skipped === '' ? describe : describe.skip
let sandbox: NixSandbox
beforeEach(async () => {
  sandbox = await NixSandbox.create()
  const files: Record<string, string> = {
    Makefile: MAKEFILE,
    'include/shared.h': 'struct inode { unsigned long number; };\n',
    'scripts/tool.c': 'int main(void) { return 0; }\n',
    'main.c': 'const char *here(void) { return __FILE__; }\n',
  }
  for (const name of ['a', 'b', 'c']) {
    files[`fs/${name}.c`] = `#include <shared.h>\nunsigned long ${name}(struct inode *inode) { return inode->number; }\n`
  }
  for (const [name, text] of Object.entries(files)) write(name, text)
})
afterEach(() => sandbox.remove())

const tree = () => join(sandbox.directory, 'tree')
function write(name: string, text: string): void {
  mkdirSync(dirname(join(tree(), name)), { recursive: true })
  writeFileSync(join(tree(), name), text)
}

interface Run {
  readonly before: CompilerCache
  readonly after: Awaited<ReturnType<typeof saveCompilerCache>>
  readonly out: string
  readonly vmlinux: Buffer
}

const sandboxable = async () =>
  (await probeSandbox({ userNamespace: true }, { exec: createExec(process.env as Record<string, string>) })).sandbox

/** One job: the cache looked up, the kernel built by Nix, the cache saved. */
async function job(options: { sandboxed?: boolean; mode?: 'auto' | 'always' | 'never'; program?: 'hidden' } = {}): Promise<Run> {
  const { sandboxed = false, mode = 'auto' } = options
  const nix = { ...sandbox.nix, sandbox: sandboxed }
  const { ports } = sandbox
  const restored = await restoreStore({ plan: sandbox.plan(), nix }, ports)
  const before = await restoreCompilerCache({ mode, maxMiB: 64, nix, restored, compiles: true }, ports)
  const seen = ['/bin', '/sbin', '/usr', '/lib', '/lib64'].filter((path) => existsSync(path))
  const settings = formatSettings([
    ...hostProgramSettings(seen),
    ['sandbox', String(sandboxed)],
    ['sandbox-fallback', 'false'],
    ...before.settings,
  ])
  const argv = [join(CHECKOUT, 'bench/kernel/kernel.nix'), '--argstr', 'source', tree(), '--arg', 'checkout', CHECKOUT, '--no-out-link']
  const env = { ...sandbox.env, NIX_CONFIG: `${nix.config}\n${settings}` }
  const out = execFileSync('nix-build', argv, { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] }).trim()
  const vmlinux = readFileSync(join(out, 'vmlinux'))
  return { before, after: await saveCompilerCache(before, ports), out, vmlinux }
}

const summary = (run: Run) =>
  [...run.before.ledger, ...run.after].map(({ layer, outcome, detail }) => [layer, outcome, detail.split(/[,;]/)[0]])

described('a kernel built by real Nix through real ccache', () => {
  test('the next job compiles what was edited, and the same bytes come out as without a cache', async () => {
    const plain = await job({ mode: 'never' })
    expect(summary(plain)).toEqual([['ccache', 'disabled', 'switched off']])
    await sandbox.forgetStore()
    const cold = await job()
    expect(summary(cold)).toEqual([
      ['ccache', 'miss', 'nothing yet'],
      ['ccache', 'saved', '0.0 % hits (0 of 5 compilations)'],
    ])
    const directory = join(sandbox.directory, 'nix/var/kernel-vmtest/ccache')
    expect(readFileSync(join(directory, 'ccache.conf'), 'utf8')).toBe('max_size = 64Mi\n')
    const [first = ''] = readdirSync(directory).filter((name) => /^[0-9a-f]$/.test(name))
    expect(statSync(join(directory, first)).mode & 0o055).toBe(0o055)
    await sandbox.forgetStore()
    write('fs/b.c', `${readFileSync(join(tree(), 'fs/b.c'), 'utf8')}int more;\n`)
    const warm = await job()
    expect(summary(warm)).toEqual([
      ['ccache', 'hit', expect.stringMatching(/ of this configuration$/)],
      ['ccache', 'saved', '80.0 % hits (4 of 5 compilations)'],
    ])
    await sandbox.forgetStore()
    const again = await job({ mode: 'never' })
    // The derivation does not know of the cache: the same path, and the same contents.
    expect([cold.out, warm.out]).toEqual([plain.out, again.out])
    expect(cold.vmlinux.equals(plain.vmlinux) && warm.vmlinux.equals(again.vmlinux)).toBe(true)
    expect(warm.vmlinux.equals(cold.vmlinux)).toBe(false)
    expect(warm.vmlinux.includes('/nix/store')).toBe(false)
  })

  test('objects of a build without sandbox serve one with it, and the other way round', async () => {
    if (!(await sandboxable())) return void process.stderr.write('compiler cache: no sandbox here\n')
    const open = await job()
    await sandbox.forgetStore()
    const closed = await job({ sandboxed: true })
    expect(closed.before.settings).toEqual([['extra-sandbox-paths', join(sandbox.directory, 'nix/var/kernel-vmtest/ccache')]])
    // In the sandbox the objects of a clean build are kept as well.
    expect(summary(closed).at(-1)).toEqual(['ccache', 'saved', '100.0 % hits (5 of 5 compilations)'])
    expect(closed.vmlinux.equals(open.vmlinux)).toBe(true)
  })

  test('objects of a clean build in the sandbox travel with the entry, and an edit starts from them', async () => {
    if (!(await sandboxable())) return void process.stderr.write('compiler cache: no sandbox here\n')
    await job({ sandboxed: true })
    await sandbox.forgetStore()
    write('fs/b.c', `${readFileSync(join(tree(), 'fs/b.c'), 'utf8')}int more;\n`)
    const edited = await job({ sandboxed: true })
    expect(edited.after.at(-1)).toMatchObject({
      outcome: 'saved',
      detail: expect.stringMatching(/^80\.0 % hits .* objects reused as they lay there/),
    })
    await sandbox.forgetStore()
    const clean = await job({ mode: 'never', sandboxed: true })
    expect(edited.vmlinux.equals(clean.vmlinux)).toBe(true)
  })

  test('a changed header is compiled for whoever includes it', async () => {
    await job()
    await sandbox.forgetStore()
    write('include/shared.h', 'struct inode { int first; unsigned long number; };\n')
    const warm = await job()
    expect(summary(warm).at(-1)).toEqual(['ccache', 'saved', '40.0 % hits (2 of 5 compilations)'])
    await sandbox.forgetStore()
    expect((await job({ mode: 'never' })).vmlinux.equals(warm.vmlinux)).toBe(true)
  })

  test('damaged objects are compiled again; settings that came with an entry are not used', async () => {
    const cold = await job()
    const entry = sandbox.cache.file('ccache-entry', '')
    const files = execFileSync('find', [entry, '-type', 'f', '-name', '*R'], { encoding: 'utf8' }).trim().split('\n')
    for (const file of files)
      writeFileSync(
        file,
        readFileSync(file).map((byte, index) => (index > 40 ? byte ^ 0xff : byte)),
      )
    writeFileSync(join(entry, 'ccache.conf'), `prefix_command = ${join(sandbox.directory, 'evil')}\nmax_size = 900G\n`)
    await sandbox.forgetStore()
    const warm = await job()
    expect(summary(warm).at(-1)).toEqual(['ccache', 'saved', '0.0 % hits (0 of 5 compilations)'])
    expect(warm.vmlinux.equals(cold.vmlinux)).toBe(true)
  })

  test('an entry that is empty, and a note that is none, are misses', async () => {
    await job()
    const entry = sandbox.cache.file('ccache-entry', '')
    execFileSync('find', [entry, '-mindepth', '1', '-delete'])
    writeFileSync(sandbox.cache.file('ccache-note', 'note.json'), '{"version":')
    await sandbox.forgetStore()
    expect(summary(await job())).toEqual([
      ['ccache', 'miss', 'an entry was found'],
      ['ccache', 'saved', '0.0 % hits (0 of 5 compilations)'],
    ])
  })

  test('two runs that hit nothing switch it off, for builders too', async () => {
    await job()
    for (const [index, expected] of [
      [1, 'saved'],
      [2, 'not-saved'],
    ] as const) {
      await sandbox.forgetStore()
      write('include/shared.h', `struct inode { int first[${index}]; unsigned long number; };\n`)
      write('main.c', `const char *here(void) { return __FILE__ "${index}"; }\n`)
      write('scripts/tool.c', `int main(void) { return ${index} - ${index}; }\n`)
      expect((await job()).after[0]?.outcome).toBe(expected)
    }
    await sandbox.forgetStore()
    const off = await job()
    expect(summary(off)).toEqual([['ccache', 'disabled', expect.stringMatching(/^switched off: it gave 0\.0 % hits/)]])
    expect(existsSync(join(sandbox.directory, 'nix/var/kernel-vmtest'))).toBe(false)
    await sandbox.forgetStore()
    expect((await job({ mode: 'always' })).before.ledger[0]?.outcome).toBe('hit')
  })

  test('a machine that keeps its disk restores nothing; a run that may not write saves nothing', async () => {
    await job()
    const asked = sandbox.cache.asked.length
    execFileSync('nix-store', ['--gc'], { env: { ...sandbox.env, NIX_CONFIG: sandbox.nix.config }, stdio: 'ignore' })
    sandbox.cache.canWrite = false
    expect(summary(await job())).toEqual([
      ['ccache', 'hit', 'on this machine already'],
      ['ccache', 'not-saved', '100.0 % hits (5 of 5 compilations)'],
    ])
    expect(sandbox.cache.asked.slice(asked).filter((key) => key.includes('ccache-entry'))).toEqual([])
  })
})
