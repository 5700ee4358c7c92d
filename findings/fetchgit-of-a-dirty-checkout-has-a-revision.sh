#!/bin/sh
# Nix 2.8.0 (Debian 12): `builtins.fetchGit` of a checkout with uncommitted changes has a revision, of forty zeros, and a `shortRev` of
# seven. A flake of the very same checkout has neither attribute. So the usual `src.shortRev or "dirty"`, which is right for `self`, names
# every dirty fetchGit source 0000000, and two of different contents have the same version in their store path's name and in what a program
# prints with --version. Newer ones (2.26.3, 2.34.8) have `dirtyRev` beside it, and `shortRev` is 0000000 all the same. The manual's section
# on fetchGit says that uncommitted changes are taken, and not what becomes of `rev`.
# This installs nothing on the machine. Exits with 1 where what it states is no longer so.
set -eu
version=2.8.0-1.1+b1
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
mkdir -p debs/partial
apt-get -o APT::Sandbox::User=root -o Dir::Cache::archives="$work/debs" install -qq -y --no-install-recommends --download-only --reinstall "nix-bin=$version" >/dev/null
for package in debs/*.deb; do dpkg-deb -x "$package" package; done
export HOME="$work" XDG_CACHE_HOME="$work/cache" NIX_STORE_DIR="$work/store" NIX_STATE_DIR="$work/state" NIX_LOG_DIR="$work/log"
NIX_CONFIG='experimental-features = nix-command flakes
build-users-group =
substituters ='
export NIX_CONFIG
nix() { LD_LIBRARY_PATH=$work/package/usr/lib/$(uname -m)-linux-gnu "$work/package/usr/bin/nix" "$@" 2>/dev/null; }

mkdir tree
git -C tree init -q
# shellcheck disable=SC2016
echo '{ outputs = { self }: { word = self.shortRev or "dirty"; }; }' >tree/flake.nix
git -C tree add flake.nix
git -C tree -c user.name=t -c user.email=t@example.org commit -qm one

fail() {
  echo "no longer so: $*" >&2
  exit 1
}

expression="(builtins.fetchGit $work/tree).shortRev or \"dirty\""
commit=$(git -C tree rev-parse --short=7 HEAD)
clean=$(nix eval --impure --raw --expr "$expression")
[ "$clean" = "$commit" ] || fail "of a clean checkout shortRev is $clean"
echo '# changed' >>tree/flake.nix
dirty=$(nix eval --impure --raw --expr "$expression")
[ "$dirty" = 0000000 ] || fail "of a dirty checkout shortRev is $dirty"
rev=$(nix eval --impure --raw --expr "(builtins.fetchGit $work/tree).rev")
[ "$rev" = 0000000000000000000000000000000000000000 ] || fail "of a dirty checkout rev is $rev"
flake=$(nix eval --raw "git+file://$work/tree#word")
[ "$flake" = dirty ] || fail "the flake of a dirty checkout says $flake"
echo "the same dirty checkout: fetchGit's \`shortRev or \"dirty\"\` is $dirty, the flake's is $flake"
echo "as stated, of Nix $version"
