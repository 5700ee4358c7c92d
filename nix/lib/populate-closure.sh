# Fills the current directory with the closure of $programs: the store paths themselves, and the usual places leading
# there. $closure: nixpkgs' closureInfo.
set -euo pipefail
mkdir -p nix/store usr lib64
xargs cp -a --reflink=auto -t nix/store <"$closure/store-paths"
for name in bin sbin usr/bin usr/sbin; do
  ln -s "$programs/bin" "$name"
done
