# Sourced in the source tree before nixpkgs' kernel builder configures it (pkgs/os-specific/linux/kernel). What it makes is the same with
# and without ccache.
# shellcheck shell=bash
# shellcheck source=nix/lib/kernel-tree.sh
source "$kernelTree"
# shellcheck source=nix/lib/ccache.sh
source "$ccache"
constantSeeds .
useCcache
vmtestFlags=("${throughCcache[@]}" KCFLAGS="$buildMap" KAFLAGS="$buildMap")
# Structured attributes make it an array, the only one newer configure phases read; before, an array of its own stood beside the string.
if [[ $(declare -p makeFlags 2>/dev/null) == 'declare -a'* ]]; then
  makeFlags+=("${vmtestFlags[@]}")
else
  # shellcheck disable=SC2034 # stdenv reads it.
  makeFlagsArray+=("${vmtestFlags[@]}")
fi
