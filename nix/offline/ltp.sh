# Builder: LTP from $src with the host's compiler and autotools, as `make install` leaves it: $out.
set -euo pipefail
# shellcheck source=nix/offline/alternatives.sh
source "$alternatives"
cp -r --no-preserve=ownership "$src" ltp
cd ltp
chmod -R u+w .
make autotools
./configure --prefix="$out"
make -j "${NIX_BUILD_CORES:-1}"
make install
