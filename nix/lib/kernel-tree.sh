# Sourced by builders that run a kernel tree's make: $src as `source`, its objects in `source/build`, by paths that are the same for each build.
# shellcheck shell=bash

# Debug information names the sandbox's directory wherever it is made.
buildMap="-fdebug-prefix-map=$NIX_BUILD_TOP=/build"
kbuild=(-C source O="$PWD/source/build")

# A tree of links: make, compiler and ccache see `../fs/xfs/xfs_inode.c`, not a store path that is another one after each edit.
linkTree() {
  local entry seed
  mkdir source source/build source/tools
  for entry in "$src"/* "$src"/.[!.]*; do
    case ${entry##*/} in
    # make enters the tools, and would find itself in the store; of the scripts some are changed.
    tools | scripts | build | '.[!.]*') ;;
    *) ln -s "$entry" source/ ;;
    esac
  done
  for entry in "$src"/tools/*; do
    case ${entry##*/} in
    arch | bpf | build | include | lib | objtool | scripts) cp -r "$entry" source/tools/ ;;
    '*') ;;
    *) ln -s "$entry" source/tools/ ;;
    esac
  done
  if [ -d "$src/scripts" ]; then cp -r "$src/scripts" source/; fi
  chmod -R u+w source/tools source/scripts 2>/dev/null || true
  # Another seed for each build (RANDSTRUCT) would make each another kernel, of objects nobody compiled before.
  for seed in source/scripts/gen-randstruct-seed.sh source/scripts/gcc-plugins/gen-random-seed.sh; do
    if [ -f "$seed" ]; then sed -i 's,od -A n -t x8 -N 32 /dev/urandom,printf "%064d" 1970,' "$seed"; fi
  done
}
