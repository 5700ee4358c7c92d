# Builder: the base initramfs, uncompressed so that the engine can append to it. $busybox, $init, $out.
set -euo pipefail
mkdir -p root/bin root/dev root/proc root/sys root/run root/tmp root/etc root/lib
cp "$busybox" root/bin/busybox
cp "$init" root/init
chmod 0755 root/bin/busybox root/init
ln -s busybox root/bin/sh
# The same bytes whenever and by whomever it is built.
find root -exec touch --no-dereference --date=@1 {} +
(cd root && find . | LC_ALL=C sort | cpio --quiet --create --format=newc --owner=0:0 --reproducible) >"$out"
