#!/bin/sh
# ldconfig of glibc 2.36 (Debian 12), run on x86_64 with `-r ROOT` on a root of arm64: writes a cache without a single library, and exits with 0. The
# libraries are in the multiarch directory of the other architecture, which only that architecture's own ldconfig has built in. A guest made of such a
# root needs no cache: its loader knows its own directories. ldconfig(8) says of -r only that it changes to the root.
# This installs nothing on the machine (Debian 12); it takes two packages of arm64 from the mirror that apt is set up for. Exits with 1 where what it states is no longer so.
set -eu
version=2.36-9+deb12u14
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
mkdir -p state/lists/partial cache/archives/partial
: >state/status
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# shellcheck disable=SC2016 # apt's own variables.
apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' 'Origin: Debian' | sort -u |
  sed "s|^|deb [arch=arm64 signed-by=$keyring] |; s|\$| main|" >sources.list
cat >apt.conf <<EOF
#clear APT::Architectures;
APT::Architectures { "arm64"; };
APT::Architecture "arm64";
Dir::State "$work/state";
Dir::State::status "$work/state/status";
Dir::Cache "$work/cache";
Dir::Etc::sourcelist "$work/sources.list";
Dir::Etc::sourceparts "/dev/null";
APT::Sandbox::User "root";
EOF
export APT_CONFIG="$work/apt.conf"
apt-get -q update >log 2>&1
apt-get -q download "libc6=$version" zlib1g >>log 2>&1
mkdir root
for package in *.deb; do dpkg-deb -x "$package" root; done
there=$(find root -name '*.so.*' | wc -l)
mkdir -p root/etc
echo 'include /etc/ld.so.conf.d/*.conf' >root/etc/ld.so.conf
status=0
/sbin/ldconfig -r "$work/root" >log 2>&1 || status=$?
found=$(/sbin/ldconfig -r "$work/root" -p | sed -n '1s/^\([0-9]*\) libs.*/\1/p')
/sbin/ldconfig --version | head -1
echo "$there libraries of arm64 in the root; ldconfig -r ends with $status, its cache has $found"
fail() {
  echo "no longer so: $*" >&2
  cat log >&2
  exit 1
}
[ "$there" -gt 3 ] || fail 'the packages have libraries'
[ "$status" -eq 0 ] || fail "ldconfig ends with $status"
[ "$found" = 0 ] || fail "the cache has $found libraries"
echo 'as stated'
