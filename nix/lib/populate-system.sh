# Fills the current directory with the closure of $system, a NixOS system that makes everything else when it starts.
# $closure: nixpkgs' closureInfo. /sbin/init is what the host's initramfs hands over to; modules are mounted by it.
set -euo pipefail
mkdir -p nix/store nix/var/nix bin lib/modules sbin usr/bin
xargs cp -a --reflink=auto -t nix/store <"$closure/store-paths"
ln -s "$system/init" sbin/init
