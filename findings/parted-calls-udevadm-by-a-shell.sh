#!/usr/bin/env bash
# parted 3.5-3 (Debian 12): each time it opens or closes a device it has a shell run `udevadm settle`, also for a plain image file, which udev has nothing to do
# with. Where there is no udevadm (a container, a small guest, a build's sandbox) it writes `sh: 1: udevadm: not found` to standard error, three times and more
# for one command, does what it was asked for, and ends with 0. Who compares what parted prints with an expected text (blktests' loop/001, 008 and 010) sees a
# failure of the kernel; who takes anything on standard error for one, a failure of parted. `--script` silences none of it. With any udevadm on PATH
# that ends with 0 for `settle`, parted is quiet.
# Exits with 1 where what is stated is no longer so.
set -eu
version=3.5-3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download "parted=$version" "libparted2=$version" >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" package; done
libraries=$(dirname "$(find "$work/package" -name 'libparted.so.2')")
truncate -s 64M image
mkdir none settles
ln -s /bin/sh none/sh
ln -s /bin/sh settles/sh
printf '#!/bin/sh\nexit 0\n' >settles/udevadm
chmod 755 settles/udevadm

# partition DIRECTORY WORDS...: parted of the image with that directory for a PATH; standard error goes to `said`.
partition() {
  local path=$1
  shift
  env -i "PATH=$work/$path" "LD_LIBRARY_PATH=$libraries" "$work/package/sbin/parted" --script image "$@" 2>said
}

partition none mklabel gpt mkpart one 1MiB 20MiB
times=$(grep -c 'udevadm: not found' said || true)
echo "parted $version without udevadm: status 0, \`$(sed -n 1p said)\` $times times for an image file"
[ "$times" -ge 3 ] || { echo 'no longer so: it does not ask for udevadm'; exit 1; }
partition settles mkpart two 21MiB 40MiB
[ ! -s said ] || { echo "no longer so: with udevadm it says $(cat said)"; exit 1; }
partition settles print | grep -q 'two' || { echo 'no longer so: the partition is not there'; exit 1; }
echo 'with a udevadm that ends with 0: nothing'
