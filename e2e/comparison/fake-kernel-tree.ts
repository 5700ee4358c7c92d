import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { objectDirectory } from '../../src/kernel/index.js'

/** The targets a kernel's own Makefile has, as far as they are asked for. The compiler is the real one, and `failed-at` says when it failed. */
const MAKEFILE = `VERSION = 6
PATCHLEVEL = 18
SUBLEVEL = 0
EXTRAVERSION =

CC = gcc
objects := $(patsubst %.c,$(O)/%.o,$(wildcard fs/*.c))

tinyconfig:
	@: >$(O)/.config
olddefconfig:
	@:
kernelrelease:
	@echo 6.18.0
$(O)/%.o: %.c
	@mkdir -p $(dir $@)
	@echo "  CC      $*.o"
	@$(CC) -Wall -c -o $@ $(CURDIR)/$< || { date +%s%3N >$(O)/failed-at; false; }
$(O)/slow.o: $(wildcard slow)
	@echo "  CC      slow.o"
	@sleep $$(cat slow) && : >$@
vmlinux: $(objects) $(if $(wildcard slow),$(O)/slow.o)
	@cat $^ >$(O)/vmlinux
bzImage: vmlinux
	@sh scripts/image.sh $(O)
.PHONY: tinyconfig olddefconfig kernelrelease vmlinux bzImage
`
/** A bzImage as far as it is looked at (Documentation/arch/x86/boot.rst); behind it what becomes of tests: fs/001.c is generic/001's. */
const IMAGE = `set -eu
image=$1/arch/x86/boot/bzImage
mkdir -p "$1/arch/x86/boot" "$1/include/config"
echo 6.18.0 >"$1/include/config/kernel.release"
head -c 16384 /dev/zero >"$image"
put() { printf "$2" | dd of="$image" bs=1 seek="$1" conv=notrunc status=none; }
put 514 HdrS
put 526 '\\000\\056'
put 12288 '6.18.0 (me@host) #1'
fates=
for file in fs/*.c; do
  name=$(basename "$file" .c)
  ! grep -q broken "$file" || fates="$fates,\\"generic/$name\\":\\"fail\\""
done
printf '\\nfates {%s}\\n' "\${fates#,}" >>"$image"
`
/** Without PVH: a vmlinux would be booted then, and this one is no program. */
const MERGE = `set -eu
out=$3
shift 3
cat "$@" | sed '/^CONFIG_PVH=/d' >"$out/.config.new"
mv "$out/.config.new" "$out/.config"
`

/** A git repository that `make` makes a kernel of, for the fake QEMU: a test whose file in fs says `broken` fails under it. */
export class FakeKernelTree {
  constructor(readonly directory: string) {
    mkdirSync(directory)
    this.git('init', '-q', '-b', 'main')
    this.put({ Makefile: MAKEFILE, 'scripts/image.sh': IMAGE, 'scripts/kconfig/merge_config.sh': MERGE })
    for (const mark of ['Kbuild', 'Kconfig', 'MAINTAINERS']) this.put({ [mark]: '' })
  }

  put(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.directory, name)), { recursive: true })
      writeFileSync(join(this.directory, name), text)
    }
  }

  /** Where its objects go. */
  objects(cacheDirectory: string): string {
    return objectDirectory(cacheDirectory, this.directory, null)
  }

  /** @returns its hash */
  commit(subject: string, files: Readonly<Record<string, string>>): string {
    this.put(files)
    this.git('add', '-A')
    this.git('commit', '-q', '-m', subject)
    return this.git('rev-parse', 'HEAD').trim()
  }

  git(...words: readonly string[]): string {
    const env = {
      ...process.env,
      ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', GIT_AUTHOR_NAME: 'A. Developer', GIT_AUTHOR_EMAIL: 'dev@example.org' },
      ...{ GIT_COMMITTER_NAME: 'A. Developer', GIT_COMMITTER_EMAIL: 'dev@example.org' },
    }
    return execFileSync('git', ['-C', this.directory, ...words], { encoding: 'utf8', env, stdio: ['ignore', 'pipe', 'pipe'] })
  }
}
