#!/usr/bin/env bash
# By hand: no wrong reuse of an object tree (docs/adrs/0024-object-tree-beside-the-derivation.md). A small kernel is built by real Nix in its
# sandbox, then built again after each kind of change; each time Nix builds it once more with no tree to reuse, and compares (`--check`).
# Usage: npm run prove:objects -- SOURCE [DIRECTORY], SOURCE a clean kernel tree (it is copied), DIRECTORY for everything that is written (5 GB).
# Some forty minutes on two quiet cores. The last line is one JSON object; status 0 if every kernel was the clean build's, and reused where it must be.
set -euo pipefail
source=${1:?usage: prove.sh SOURCE [DIRECTORY]}
checkout=$(realpath "$(dirname "$0")/../..")
work=$(mktemp -d "${2:-/var/tmp}/vmtest-prove-XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
tree=$work/source
offered=$work/nix/var/kernel-vmtest/ccache
mkdir -p "$work/tmp" "$offered/builds" "$offered/trees"
echo 'max_size = 512Mi' >"$offered/ccache.conf"
cp -a "$source" "$tree"
export HOME=$work TMPDIR=$work/tmp XDG_CACHE_HOME=$work/xdg NIX_STORE_DIR=$work/nix/store NIX_STATE_DIR=$work/nix/var/nix NIX_LOG_DIR=$work/nix/log
configure() {
  export NIX_CONFIG="experimental-features = nix-command flakes
build-users-group =
substituters =
sandbox = true
sandbox-fallback = false
sandbox-paths = /bin /sbin /usr /lib /lib64 $offered $*"
}
configure

cases=0
wrong=0
instantiate() { nix-instantiate "$checkout/e2e/kernel/kernel.nix" --argstr source "$tree" --arg checkout "$checkout" "$@" 2>/dev/null; }

# prove NAME EXPECTED [ARGUMENT…]: builds the kernel, EXPECTED `used` or `clean`, and again with no tree.
prove() {
  local name=$1 expected=$2 found=clean derivation same=yes started=$SECONDS
  shift 2
  derivation=$(instantiate "$@")
  if ! nix-store --realise "$derivation" >"$work/log" 2>&1; then
    tail -20 "$work/log"
    same='no: it was not built'
  else
    if grep -q 'objects of the last build are used' "$work/log" && ! grep -q 'made anew' "$work/log"; then found=used; fi
    grep -E 'objects of|ccache: ' "$work/log" | sed 's/^/    /'
    check "$derivation" || same=no
  fi
  report "$name" "$expected" "$found" "$same" $((SECONDS - started))
}

# edit FILE SCRIPT: by sed; ends everything where that changes nothing, as in a tree that reads otherwise.
edit() {
  cp "$tree/$1" "$work/before"
  sed -i "$2" "$tree/$1"
  if cmp -s "$work/before" "$tree/$1"; then
    echo "$1 is not as this script knows it: $2 changes nothing" >&2
    exit 1
  fi
}

# check DERIVATION: built with no tree to reuse it is the same.
check() {
  local status=0
  mv "$offered/trees" "$work/trees"
  nix-store --realise --check "$1" >"$work/check.log" 2>&1 || status=1
  if [ "$status" != 0 ]; then tail -5 "$work/check.log"; fi
  rm -rf "$offered/trees"
  mv "$work/trees" "$offered/trees"
  return "$status"
}

report() {
  cases=$((cases + 1))
  if [ "$2" != "$3" ] || [ "$4" != yes ]; then wrong=$((wrong + 1)); fi
  printf '%-48s objects %s (expected %s), as the clean build: %s, %s s\n' "$1" "$3" "$2" "$4" "$5"
}

archive() { find "$offered/trees" -name '*.tar.zst'; }
# flip FILE: one byte in its middle, its size and time kept.
flip() {
  local at=$(($(stat -c %s "$1") / 2)) time
  time=$(stat -c %y "$1")
  printf '%b' "\\x$(printf %02x $((0x$(od -An -tx1 -j "$at" -N 1 "$1" | tr -d ' ') ^ 0xff)))" | dd of="$1" bs=1 seek="$at" conv=notrunc status=none
  touch -d "$time" "$1"
}

first=$(instantiate)
nix-store --realise "$first" >"$work/log" 2>&1 || { tail -30 "$work/log"; exit 1; }
report 'first build' clean "$(grep -q 'objects of the last build are used' "$work/log" && echo used || echo clean)" yes "$SECONDS"
archive

echo 'const char vmtest_line[] = "one more line";' >>"$tree/fs/xfs/xfs_inode.c"
prove 'a line in fs/xfs' used
echo 'const int vmtest_new = VMTEST_NEW; const int vmtest_size = sizeof(struct xfs_mount);' >>"$tree/fs/xfs/xfs_mount.c"
edit fs/xfs/xfs_mount.h 's/^typedef struct xfs_mount {/#define VMTEST_NEW 1\n&\n\tint m_vmtest;/'
prove 'a structure in a header of fs/xfs' used
edit include/linux/uio.h 's/^struct iov_iter {/&\n\tint vmtest;/'
prove 'a structure in a header of some' used
edit include/linux/list.h '1i #define VMTEST_LIST 1'
prove 'a header of many' clean
echo 'const char vmtest_asm[] = "asm";' >>"$tree/arch/x86/kernel/cpu/bugs.c"
prove 'a file reached by paths with ..' used
edit arch/x86/include/asm/cpufeatures.h '0,/^#define X86_FEATURE_FPU.*/s//&  /'
echo '/* */' >>"$tree/include/linux/oid_registry.h"
prove 'headers that tables are made of' clean
prove 'an option' clean --argstr options 'CONFIG_XFS_QUOTA=y'
prove 'the option back' clean --argstr options 'CONFIG_XFS_QUOTA=n'
echo 'int vmtest_added(void); int vmtest_added(void) { return 1; }' >"$tree/fs/xfs/vmtest_added.c"
edit fs/xfs/Makefile 's/^xfs-y\s.*+= xfs_aops.o/xfs-y += vmtest_added.o xfs_aops.o/'
prove 'a file added' clean
rm "$tree/fs/xfs/vmtest_added.c"
edit fs/xfs/Makefile 's/vmtest_added.o //'
prove 'a file removed' clean
edit fs/xfs/Makefile '1i ccflags-y += -DVMTEST_FLAG'
prove 'flags in a Makefile' clean
echo 'const char vmtest_two[] = "two";' >>"$tree/fs/xfs/xfs_super.c"
prove 'a line after all these' used

flip "$(archive)"
echo 'const char vmtest_three[] = "three";' >>"$tree/fs/xfs/xfs_super.c"
prove 'a byte flipped among the objects' clean
mkdir "$work/bin"
printf '#!/bin/bash\nexec /usr/bin/gcc "$@" -fno-gcse\n' >"$work/bin/gcc"
chmod +x "$work/bin/gcc"
configure "$work/bin"
prove 'another compiler by PATH' clean --arg path "[ \"$work/bin\" ]"

# The derivation, PATH and the compiler's version are the same; cc1 is another. Its whole directory is shown in place of the machine's: for a single
# file Nix makes the place first, which below a directory of the machine's would empty the machine's own file.
compiler=$(gcc -print-prog-name=cc1)
cp -a "${compiler%/*}" "$work/compiler"
mv "$work/compiler/cc1" "$work/compiler/cc1-as-it-was"
# shellcheck disable=SC2016 # The wrapper's shell expands it.
printf '#!/bin/bash\nexec "${0%%/*}/cc1-as-it-was" "$@" -fno-gcse\n' >"$work/compiler/cc1"
chmod +x "$work/compiler/cc1"
configure "${compiler%/*}=$work/compiler"
echo 'const char vmtest_four[] = "four";' >>"$tree/fs/xfs/xfs_super.c"
prove 'another compiler under the same name' clean
configure
echo 'const char vmtest_five[] = "five";' >>"$tree/fs/xfs/xfs_super.c"
prove 'the compiler back' clean

echo 'const char vmtest_six[] = "six";' >>"$tree/fs/xfs/xfs_super.c"
derivation=$(instantiate)
nix-store --realise "$derivation" >"$work/log" 2>&1 &
until grep -q 'objects of the last build are used' "$work/log"; do sleep 0.2; done
sleep 2
kill -INT $!
wait $! || :
prove 'after one that was ended in the middle' used
echo 'const char vmtest_seven[] = "seven";' >>"$tree/fs/xfs/xfs_super.c"
one=$(instantiate)
edit fs/xfs/xfs_super.c 's/"seven"/"eight"/'
nix-store --realise "$one" >"$work/log.one" 2>&1 &
prove 'two at once: the second' used
wait $!
check "$one" && same=yes || same=no
report 'two at once: the first' used "$(grep -q 'objects of the last build are used' "$work/log.one" && echo used || echo clean)" "$same" 0
echo 'int vmtest_broken' >>"$tree/fs/xfs/xfs_super.c"
derivation=$(instantiate)
if nix-store --realise "$derivation" >"$work/log" 2>&1; then found=built; else found=refused; fi
report 'an error in the source is one' refused "$found" "$(grep -q 'made anew' "$work/log" && grep -q 'xfs_super.c:.*error' "$work/log" && echo yes || echo no)" 0
printf '{"cases":%d,"wrong":%d}\n' "$cases" "$wrong"
[ "$wrong" = 0 ]
