# Sourced in the source tree before nixpkgs' kernel builder configures it (pkgs/os-specific/linux/kernel). What it makes is the same with
# and without ccache.
# shellcheck shell=bash
# shellcheck source=nix/lib/kernel-tree.sh
source "$kernelTree"
# shellcheck source=nix/lib/ccache.sh
source "$ccache"
# shellcheck source=nix/lib/counters.sh
source "$counters"
constantSeeds .
# The compilers are those nixpkgs hands to make, which since 2025 are not the wrapped ones of the environment: those add flags.
# Structured attributes make it an array, the only one newer configure phases read; before, an array of its own stood beside the string.
# shellcheck disable=SC2206 # The string is words.
if [[ $(declare -p makeFlags 2>/dev/null) == 'declare -a'* ]]; then
  vmtestGiven=("${makeFlags[@]}")
else
  vmtestGiven=(${makeFlags:-} "${makeFlagsArray[@]}")
fi
lastFlag CC "${vmtestGiven[@]}"
vmtestCompiler=$flag
lastFlag HOSTCC "${vmtestGiven[@]}"
useCcache "$vmtestCompiler" "$flag"
vmtestFlags=("${compilers[@]}" KCFLAGS="$buildMap" KAFLAGS="$buildMap" "${counting[@]}")
if [[ $(declare -p makeFlags 2>/dev/null) == 'declare -a'* ]]; then
  makeFlags+=("${vmtestFlags[@]}")
else
  # shellcheck disable=SC2034 # stdenv reads it.
  makeFlagsArray+=("${vmtestFlags[@]}")
fi
