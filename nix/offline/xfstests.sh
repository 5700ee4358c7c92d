# Builder: fstests from $src with the host's compiler, run in place: $out/lib/xfstests.
set -euo pipefail
# shellcheck source=nix/offline/alternatives.sh
source "$alternatives"
mkdir -p "$out/lib"
cp -r --no-preserve=ownership "$src" "$out/lib/xfstests"
cd "$out/lib/xfstests"
chmod -R u+w .
# Nix takes symbolic links to host directories as they are; objects are not needed to run.
make -j "${NIX_BUILD_CORES:-1}"
find . -name '*.o' -delete
