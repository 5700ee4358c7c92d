import { mkdirSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { Job } from '../runner/job.js'
import { Services } from '../services/services.js'
import { CHECKOUT, KernelRepository, Machine } from './kernel-repository.js'

/** Kept between runs: the downloaded kernel package. */
const KEPT = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'kernel-vmtest')

/** The targets a kernel's own Makefile has, as far as the builder asks for them; the compiler is the real one. */
const MAKEFILE = `VERSION = 6
PATCHLEVEL = 1
SUBLEVEL = 0
EXTRAVERSION =

srctree := $(CURDIR)
CC = gcc
objects := fs/xfs/xfs_mount.o fs/xfs/xfs_inode.o
O ?= .

tinyconfig olddefconfig:
	@touch $(O)/.config
kernelrelease:
	@echo $(VERSION).$(PATCHLEVEL).$(SUBLEVEL)
all: $(addprefix $(O)/,$(objects))
$(O)/%.o: %.c
	@mkdir -p $(dir $@)
	@echo "  CC      $*.o"
	@$(CC) -Wall -O2 -c -o $@ $(srctree)/$<
.PHONY: tinyconfig olddefconfig kernelrelease all
`
const INODE = `struct xfs_inode {
	unsigned long i_ino;
};

int xfs_iget(struct xfs_inode *ip)
{
	ip->i_nonsense = 1;
	return 0;
}
`
const FLAKE = `{
  outputs = { self }: {
    packages.x86_64-linux.vmtest = (import ./nix/lib).mkVmTest {
      pkgs = import ./. { };
      root = builtins.toString ./.;
    };
  };
}
`
const FILE = 'fs/xfs/xfs_inode.c'
const LINE = INODE.split('\n').findIndex((line) => line.includes('i_nonsense')) + 1
/** Where gcc points: at the `->` of the line. */
const COLUMN = 11
const ERROR = "'struct xfs_inode' has no member named 'i_nonsense'"

let services: Services
let repository: KernelRepository
let machine: Machine

beforeAll(async () => {
  services = await Services.start()
  machine = await Machine.create()
  repository = await KernelRepository.create(KEPT)
  const files = {
    'flake.nix': FLAKE,
    Makefile: MAKEFILE,
    [FILE]: INODE,
    'fs/xfs/xfs_mount.c': 'int xfs_mountfs(void)\n{\n\treturn 0;\n}\n',
  }
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(repository.directory, name)), { recursive: true })
    writeFileSync(join(repository.directory, name), text)
  }
  repository.commit('xfs: say something that does not compile')
})
afterAll(async () => {
  machine.remove()
  repository.remove()
  await services.stop()
})

test('a kernel that does not compile: one annotation on the line, and a conclusion of its own', async () => {
  const job = await Job.create({
    workspace: repository.directory,
    temp: `${repository.directory}-temp`,
    node: machine.inside(repository.directory, process.execPath),
    env: { ...services.environment({ runId: 'run-1' }), ...machine.env },
  })
  const step = await job.uses(CHECKOUT, {
    flake: '.',
    suite: 'smoke',
    accelerator: 'tcg',
    'nix-extra-conf': 'sandbox-paths = /bin /usr /lib /lib64',
  })
  if (step.outputs.get('conclusion') !== 'build-failed') process.stderr.write(`${step.log}\n`)
  expect([step.conclusion, step.outputs.get('conclusion')]).toEqual(['failure', 'build-failed'])
  const onLines = step.annotations.filter(({ file }) => file !== null)
  expect(onLines).toEqual([expect.objectContaining({ level: 'error', file: FILE, line: LINE, title: 'Does not build' })])
  expect(onLines[0]?.message).toContain(ERROR)
  expect(step.outputs.get('reason')).toContain(`The kernel does not build: ${FILE}:${LINE}:${COLUMN}: error: ${ERROR}`)
  // On top: before anything else the summary says.
  const [title = '', first = ''] = step.summary.split('\n').filter((line) => line.trim() !== '')
  expect(title).toContain('does not build')
  // Markdown escapes, and the mark that keeps `file:line` from becoming a link or an emoji.
  const plain = (text: string) => text.replace(/\\|\u200b/g, '')
  expect(plain(first)).toMatch(/^The kernel does not build/)
  expect(plain(step.summary)).toContain(ERROR)
  // What did compile is kept for the next attempt: fs/xfs/xfs_mount.c, in the workflow's cache.
  expect(step.log).toMatch(/ccache: saved, 0\.0 % hits \(0 of 1 compilations\)/)
  // Nothing ran, and nothing is said of tests.
  expect(step.outputs.get('passed') ?? '0').toBe('0')
  expect(step.log).not.toContain('ready after')
  await job.finish()
  await job.remove()
})
