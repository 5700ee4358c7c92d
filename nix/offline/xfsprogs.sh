# Builder: xfsprogs from $src with the host's compiler, as a tree to lay over the guest's root: $out/usr.
set -euo pipefail
# shellcheck source=nix/offline/alternatives.sh
source "$alternatives"
cp -r --no-preserve=ownership "$src" source
chmod -R u+w source
cd source
[ -e configure ] || make configure
./configure --prefix=/usr --exec-prefix=/usr --sbindir=/usr/sbin --libdir=/usr/lib --enable-lib64=no
# With /usr for a prefix, mkfs.xfs and xfs_repair would go to /sbin and /lib: no part of a merged-/usr tree, nor of the sandbox.
dirs=(PKG_ROOT_SBIN_DIR=/usr/sbin PKG_ROOT_LIB_DIR=/usr/lib)
make -j "${NIX_BUILD_CORES:-1}" DEBUG=-DNDEBUG "${dirs[@]}"
make DIST_ROOT="$out" DESTDIR="$out" "${dirs[@]}" install
rm -rf "${out:?}/usr/share"
