# Builder: a kernel from source with the host's compiler. $src (clean, read-only), $configfile, $release, $out.
set -euo pipefail
mkdir build
cp --no-preserve=mode "$configfile" build/.config
# The same bytes whenever and wherever it is built.
export KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=vmtest KBUILD_BUILD_HOST=vmtest KBUILD_BUILD_VERSION=1
make -C "$src" O="$PWD/build" olddefconfig
made=$(make -s -C "$src" O="$PWD/build" kernelrelease)
if [ "$made" != "$release" ]; then
  echo "the tree calls itself $made, its Makefile says $release: is there a localversion file, or CONFIG_LOCALVERSION?" >&2
  exit 1
fi
make -C "$src" O="$PWD/build" -j "${NIX_BUILD_CORES:-1}" all
mkdir "$out"
for image in build/arch/*/boot/bzImage build/arch/*/boot/Image; do
  if [ -f "$image" ]; then cp "$image" "$out/image"; fi
done
cp build/.config "$out/config"
cp build/vmlinux build/System.map "$out/"
