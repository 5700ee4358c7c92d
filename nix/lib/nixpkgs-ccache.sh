# Sourced by the configure phase of nixpkgs' kernel builder, which unpacks its sources below $NIX_BUILD_TOP and takes makeFlagsArray
# after its own CC and HOSTCC.
# shellcheck shell=bash
# shellcheck source=kernel-tree.sh
source "$kernelTree"
# shellcheck source=ccache.sh
source "$ccache"
useCcache
if [ "${#throughCcache[@]}" -gt 0 ]; then
  # Defined by the builder around this script.
  # shellcheck disable=SC2154,SC2034
  makeFlagsArray+=("${throughCcache[@]}" KCFLAGS="$buildMap" KAFLAGS="$buildMap")
fi
