#!/bin/sh
# Makes nix-VERSION-SYSTEM.tar.xz in $1 from the host's Nix. Run in a mount namespace of its own: /nix is its tmpfs.
set -eu
out=$1
here=$(dirname "$(readlink -f "$0")")
program=$(readlink -f "$(command -v nix)")
version=$(nix --version | sed 's/^nix (.*) //')
# The libraries with their real paths under the names they are asked for: cp -L follows the links.
libraries=$(ldd "$program" | sed -n 's/.* => \(\/[^ ]*\) .*/\1/p' | tr '\n' ' ')
loader=$(ldd "$program" | sed -n 's/^[[:space:]]*\(\/[^ ]*ld-linux[^ ]*\) .*/\1/p')
export NIX_CONFIG='build-users-group =
sandbox = false
substituters ='
nix=$(nix-build --no-out-link "$here/release.nix" --argstr version "$version" --argstr program "$program" \
  --argstr libraries "$libraries" --argstr loader "$loader")
tree=$(mktemp -d)/nix-$version-$(uname -m)-linux
mkdir -p "$tree/store"
# shellcheck disable=SC2046 # A list of paths.
set -- $(nix-store --query --requisites "$nix")
cp -a "$@" "$tree/store/"
nix-store --dump-db "$@" >"$tree/.reginfo"
printf '#!/bin/sh\nexit 1\n' >"$tree/install"
tar -c -C "$(dirname "$tree")" "$(basename "$tree")" | xz -0 -T0 >"$out"
chmod -R u+w "$tree"
rm -rf "$(dirname "$tree")"
