# Builder: $targets of the selftests of the kernel source $src, built and installed by its own makefiles into $out.
# shellcheck shell=bash disable=SC2154 # Nix sets them.
set -euo pipefail
mkdir objects
make -C "$src" O="$PWD/objects" -j"${NIX_BUILD_CORES:-1}" headers
# Without FORCE_TARGETS make is green where one single target builds; a list without programs is what remains where rsync is missing.
command -v rsync >/dev/null
make -C "$src/tools/testing/selftests" O="$PWD/objects" -j"${NIX_BUILD_CORES:-1}" TARGETS="$targets" FORCE_TARGETS=1 INSTALL_PATH="$out" install
test -s "$out/kselftest-list.txt"
