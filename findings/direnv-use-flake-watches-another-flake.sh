#!/usr/bin/env bash
# direnv 2.32.1 (Debian 12): `use flake DIRECTORY` evaluates the flake of that directory and watches the flake.nix and flake.lock of the
# directory .envrc lies in. An edit of the flake that makes the environment is therefore not noticed: the shell keeps the old one, on every
# `cd` and prompt, until somebody says `direnv reload`. `use flake` alone is as one expects. direnv-stdlib(1) says what may be passed ("an
# installable like nixpkgs#hello"), and nothing of what is watched; `watch_file DIRECTORY/flake.nix` beside it is the cure.
# This installs nothing on the machine; `nix` is stood in for by a script that says what it is asked, so that only direnv's own behaviour is
# seen. Exits with 1 where what it states is no longer so.
set -eu
version=2.32.1-2+b4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download "direnv=$version" >/dev/null
dpkg-deb -x ./direnv_*.deb package
direnv=$work/package/usr/bin/direnv
mkdir -p bin tree/elsewhere home
export HOME="$work/home" XDG_DATA_HOME="$work/data" XDG_CONFIG_HOME="$work/config" PATH="$work/bin:$PATH"

# `nix print-dev-env … PATH:`: the variable MARK is what the flake's file says.
cat >bin/nix <<'NIX'
#!/bin/sh
for flake in "$@"; do case $flake in path:*) file=${flake#path:}/flake.nix ;; esac; done
echo "export MARK='$(cat "$file")'"
NIX
chmod +x bin/nix
cd tree
# shellcheck disable=SC2016
echo 'use flake "path:$PWD/elsewhere"' >.envrc
echo first >elsewhere/flake.nix
"$direnv" allow .

fail() {
  echo "no longer so: $*" >&2
  exit 1
}

# As the shell's hook does at each prompt: direnv is given its own variables of before.
entered=$("$direnv" export bash 2>/dev/null)
eval "$entered"
[ "$MARK" = first ] || fail "the environment has MARK=$MARK"
sleep 1.1
echo second >elsewhere/flake.nix
again=$("$direnv" export bash 2>/dev/null)
eval "$again"
[ "$MARK" = first ] || fail 'the edit of elsewhere/flake.nix was noticed'
echo "edited elsewhere/flake.nix: MARK is still $MARK"
sleep 1.1
echo 'of no use' >flake.nix
again=$("$direnv" export bash 2>/dev/null)
eval "$again"
[ "$MARK" = second ] || fail 'a flake.nix beside .envrc, which nothing asked for, was not noticed'
echo "made ./flake.nix, which nothing asked for: MARK is $MARK"
echo "as stated, of direnv $version"
