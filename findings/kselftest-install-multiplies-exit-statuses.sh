#!/bin/sh
# kselftest of Linux 6.12.117 (Debian's linux-source-6.12): `make install` multiplies the exit statuses of its targets. Where every one of eight
# targets fails with make's own 2, the product is 256, and as an exit status that is 0: green. A plain way to it is a machine without rsync: each
# target's install step fails with "rsync: No such file or directory", make exits with 0, and kselftest-list.txt (the plan) is complete beside
# directories that hold nothing. One target alone exits with 2. run_kselftest.sh on that tree says "not ok" for each missing file and exits with 0.
# Not in the documentation (dev-tools/kselftest.rst names neither rsync nor this). FORCE_TARGETS=1 makes the first failure one.
# This installs nothing on the machine; it takes 150 MB from Debian's archive and a minute or two. Exits with 1 where what it states is no longer so.
set -eu
version=6.12.117-1~deb12u1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
apt-get -o APT::Sandbox::User=root download "linux-source-6.12=$version"
dpkg-deb -x ./*.deb package
tar xJf package/usr/src/linux-source-6.12.tar.xz --wildcards 'linux-source-6.12/tools/*' 'linux-source-6.12/scripts/*' 'linux-source-6.12/Makefile'

# Every program there is, but rsync.
mkdir bin
for directory in /usr/local/bin /usr/bin /bin /usr/sbin /sbin; do
  for program in "$directory"/*; do
    name=${program##*/}
    [ "$name" = rsync ] || [ -e "bin/$name" ] || ln -s "$program" "bin/$name"
  done
done
install_targets() {
  status=0
  rm -rf installed
  PATH=$work/bin make -C linux-source-6.12/tools/testing/selftests TARGETS="$1" INSTALL_PATH="$work/installed" install >log 2>&1 || status=$?
}

fail() {
  echo "no longer so: $*" >&2
  tail -20 log >&2
  exit 1
}

install_targets size
[ "$status" -eq 2 ] || fail "of one target make exits with $status"
install_targets 'size mount tmpfs timens sigaltstack breakpoints kcmp proc'
[ "$(grep -c 'rsync: .*[Nn]o such file or directory' log)" -ge 8 ] || fail 'make does not miss rsync eight times'
[ "$status" -eq 0 ] || fail "of eight targets make exits with $status"
grep -qx 'size:get_size' installed/kselftest-list.txt || fail 'the list does not have size:get_size'
[ -z "$(ls -A installed/size)" ] || fail 'size/ is not empty'
echo "make install without rsync: exit status 2 for one target, 0 for eight; the list then has $(grep -c : installed/kselftest-list.txt) tests"
status=0
sh installed/run_kselftest.sh -c size >log 2>&1 </dev/null || status=$?
[ "$status" -eq 0 ] || fail "run_kselftest.sh exits with $status"
grep -q 'get_size is missing!' log || fail 'run_kselftest.sh does not say that it is missing'
cat log
echo "as stated, of linux-source-6.12 $version"
