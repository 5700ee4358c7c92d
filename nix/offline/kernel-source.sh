# Builder: a kernel from source with the host's compiler. $src (clean, read-only), $configfile, $release, $kernelTree, $ccache, $counters, $objectTree, $out.
set -euo pipefail
# shellcheck source=nix/lib/kernel-tree.sh
source "$kernelTree"
# shellcheck source=nix/lib/ccache.sh
source "$ccache"
# shellcheck source=nix/lib/counters.sh
source "$counters"
# shellcheck source=nix/lib/object-tree.sh
source "$objectTree"
# Debian's awk is a link into /etc, which a sandbox does not show.
if ! command -v awk >/dev/null; then
  mkdir bin
  ln -s "$(command -v gawk || command -v mawk)" bin/awk
  PATH=$PWD/bin:$PATH
fi
useCcache gcc gcc
# A build that fails says what it compiled, too; what goes wrong in saying so is no failure.
trap 'reportCcache "$(treeReused)" "$treeIsKept" || :' EXIT
# The same bytes whenever and wherever it is built.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=vmtest KBUILD_BUILD_HOST=vmtest KBUILD_BUILD_VERSION=1

makeKernel() {
  make "${kbuild[@]}" "${compilers[@]}" KCFLAGS="$buildMap" KAFLAGS="$buildMap" "${counting[@]}" -j "${NIX_BUILD_CORES:-1}" all
}

makeClean() {
  linkTree
  cp --no-preserve=mode "$configfile" source/build/.config
  make "${kbuild[@]}" "${compilers[@]}" olddefconfig
  made=$(make -s "${kbuild[@]}" "${compilers[@]}" kernelrelease)
  if [ "$made" != "$release" ]; then
    echo "the tree calls itself $made, its Makefile says $release: is there a localversion file, or CONFIG_LOCALVERSION?" >&2
    exit 1
  fi
  makeKernel
}

# An error on old objects is not believed: it is the clean build that says what is wrong.
if takeTree && makeKernel >make.log 2>&1; then
  cat make.log
else
  leaveTree
  makeClean
  # What goes wrong in keeping objects is no failure.
  keepTree || :
fi
mkdir "$out"
for image in source/build/arch/*/boot/bzImage source/build/arch/*/boot/Image; do
  if [ -f "$image" ]; then cp "$image" "$out/image"; fi
done
cp source/build/.config "$out/config"
cp source/build/vmlinux source/build/System.map "$out/"
keepNotes source/build "$out/coverage"
