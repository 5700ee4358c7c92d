#!/bin/sh
# sudo-rs 0.2.5 (Debian 13; sudo-rs is Ubuntu's sudo since 25.10): `sudo -E CMD` and `sudo --preserve-env=PATH,CI CMD`, as workflow steps write
# them to bring the runner's PATH and CI along, run CMD without these variables and exit with its status: 0 where nothing needs them. There is a
# line on standard error that a log has among thousands ("`--preserve-env` has not yet been implemented and will be ignored"); its own
# sudo-rs(8) does not mention the option. `sudo env "PATH=$PATH" "CI=$CI" CMD` works with both programs.
# Needs root, for a set-user-id copy in a mount namespace of its own; this changes nothing on the machine. Exits with 1 where what it states is
# no longer so.
set -eu
version=0.2.5-5+deb13u1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p apt/state/lists/partial apt/cache/archives/partial
: >apt/status
# The mirror that apt is set up for.
# shellcheck disable=SC2016 # apt's own variable.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' | grep -m1 '/debian/$')
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >apt/sources.list
from_trixie() {
  apt-get -qq -o APT::Sandbox::User=root -o Dir::State="$work/apt/state" -o Dir::State::status="$work/apt/status" -o Dir::Cache="$work/apt/cache" \
    -o Dir::Etc::SourceList="$work/apt/sources.list" -o Dir::Etc::SourceParts=/dev/null "$@" >/dev/null
}
from_trixie update
from_trixie download "sudo-rs=$version"
dpkg-deb -x ./sudo-rs_*.deb package
if zcat package/usr/share/man/man8/sudo-rs.8.gz | grep -q preserve; then
  echo 'no longer so: the manual mentions the option' >&2
  exit 1
fi

mkdir box
cat >inside.sh <<'INSIDE'
set -eu
mount -t tmpfs -o mode=0755 none "$1/box"
install -m 4755 "$1/package/usr/lib/cargo/bin/sudo" "$1/box/sudo"
cp -a /etc "$1/box/etc"
echo 'nobody ALL=(ALL:ALL) NOPASSWD: ALL' >"$1/box/etc/sudoers"
cp "$1/box/etc/sudoers" "$1/box/etc/sudoers-rs"
printf '%s sufficient pam_permit.so\n' auth account session >"$1/box/etc/pam.d/sudo"
mount --bind "$1/box/etc" /etc
# The variables are the runner's; sudo is called as an unprivileged user.
as_nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups env -i CI=true PATH=/usr/bin:/bin "$@"; }
for option in -E --preserve-env=PATH,CI; do
  as_nobody "$1/box/sudo" -n "$option" sh -c 'echo "CI=${CI:-}"' 2>"$1/box/err" && echo "exit status $?"
  cat "$1/box/err"
done
as_nobody "$1/box/sudo" -n env CI=true sh -c 'echo "by env: CI=${CI:-}"'
INSIDE
chmod 0755 "$work"
unshare -m --propagation private sh inside.sh "$work" >seen 2>&1
cat seen
if [ "$(grep -cx 'CI=' seen)" -ne 2 ] || [ "$(grep -cx 'exit status 0' seen)" -ne 2 ] || ! grep -qx 'by env: CI=true' seen; then
  echo 'no longer so' >&2
  exit 1
fi
echo "as stated, of sudo-rs $version"
