# Builder: btrfs-progs, e2fsprogs or f2fs-tools ($program) from $src with the host's compiler, as a tree to lay over the guest's
# root: $out/usr. What needs libraries whose headers the host lacks is left out, as configure says.
set -euo pipefail
# shellcheck source=nix/offline/alternatives.sh
source "$alternatives"
cp -r --no-preserve=ownership "$src" source
chmod -R u+w source
cd source
if ! [ -e configure ]; then
  if [ -e autogen.sh ] && [ "$program" = btrfs-progs ]; then sh ./autogen.sh; else autoreconf --install; fi
fi
flags=(--prefix=/usr --exec-prefix=/usr --sbindir=/usr/sbin --libdir=/usr/lib)
optional() { if ! pkg-config --exists "$1"; then flags+=("$2"); fi; }
case $program in
btrfs-progs)
  flags+=(--bindir=/usr/bin --disable-documentation --disable-python --disable-backtrace)
  optional libzstd --disable-zstd
  optional lzo2 --disable-lzo
  optional libudev --disable-libudev
  if ! pkg-config --exists ext2fs; then flags+=(--disable-convert); fi
  ;;
e2fsprogs) flags+=(--with-root-prefix=/usr --disable-nls --with-udev-rules-dir=no --with-systemd-unit-dir=no --with-crond-dir=no) ;;
f2fs-tools) flags+=(--disable-static) ;;
esac
./configure "${flags[@]}"
make -j "${NIX_BUILD_CORES:-1}"
make DESTDIR="$out" install
# What a package installs outside a merged /usr belongs to it all the same.
for directory in sbin bin lib; do
  if [ -d "$out/$directory" ]; then
    mkdir -p "$out/usr/$directory"
    cp -a "$out/$directory/." "$out/usr/$directory/"
    rm -rf "${out:?}/$directory"
  fi
done
rm -rf "${out:?}/usr/share" "${out:?}/usr/include" "${out:?}/etc" "${out:?}/var"
