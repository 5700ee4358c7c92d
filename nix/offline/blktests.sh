# Builder: blktests from $src with the host's compiler, run in place: $out.
set -euo pipefail
# shellcheck source=nix/offline/alternatives.sh
source "$alternatives"
cp -r --no-preserve=ownership "$src" "$out"
cd "$out"
chmod -R u+w .
make -j "${NIX_BUILD_CORES:-1}"
find . -name '*.o' -delete
