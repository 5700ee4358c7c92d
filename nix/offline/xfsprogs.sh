# Builder: xfsprogs from $src with the host's compiler, as a tree to lay over the guest's root: $out/usr.
set -euo pipefail
# shellcheck source=nix/offline/alternatives.sh
source "$alternatives"
cp -r --no-preserve=ownership "$src" source
chmod -R u+w source
cd source
[ -e configure ] || make configure
./configure --prefix=/usr --exec-prefix=/usr --sbindir=/usr/sbin --libdir=/usr/lib --enable-lib64=no
make -j "${NIX_BUILD_CORES:-1}" DEBUG=-DNDEBUG
make DIST_ROOT="$out" DESTDIR="$out" install
rm -rf "${out:?}/usr/share"
