# Sourced by builders that run a kernel tree's make: $src as `source`, its objects in `source/build`, by paths that are the same for each build.
# shellcheck shell=bash
# shellcheck disable=SC2034 # Whoever sources this reads the variables.

# Debug information names the sandbox's directory wherever it is made.
buildMap="-fdebug-prefix-map=$NIX_BUILD_TOP=/build"
kbuild=(-C source O="$PWD/source/build")

# A tree of links: make, compiler and ccache see `../fs/xfs/xfs_inode.c`, not a store path that is another one after each edit.
linkTree() {
  local entry
  mkdir source source/build
  for entry in "$src"/* "$src"/.[!.]*; do
    case ${entry##*/} in
    tools | scripts | build | '.[!.]*') ;;
    *) ln -s "$entry" source/ ;;
    esac
  done
  copyTools
}

# make enters the tools, and would find itself in the store; of the scripts some are changed. So both are copies, with the store's times.
copyTools() {
  local entry
  mkdir source/tools
  for entry in "$src"/tools/*; do
    case ${entry##*/} in
    arch | bpf | build | include | lib | objtool | scripts) cp -r --preserve=timestamps "$entry" source/tools/ ;;
    '*') ;;
    *) ln -s "$entry" source/tools/ ;;
    esac
  done
  if [ -d "$src/scripts" ]; then cp -r --preserve=timestamps "$src/scripts" source/; fi
  chmod -R u+w source/tools source/scripts 2>/dev/null || true
  constantSeeds source
}

# RANDSTRUCT's seed is random, or in nixpkgs of the source's path: each build would be another kernel, of objects nobody compiled before.
constantSeeds() {
  local script
  for script in "$1/scripts/gen-randstruct-seed.sh" "$1/scripts/gcc-plugins/gen-random-seed.sh"; do
    if [ -f "$script" ]; then
      sed -E -i -e 's,od -A n -t x8 -N 32 /dev/urandom,printf "%064d" 1970,' -e "s/[0-9a-f]{64}/$(printf '%064d' 1970)/" "$script"
    fi
  done
}
