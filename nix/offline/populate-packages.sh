# Fills the current directory with Debian packages of another architecture as a merged-/usr tree: no program of theirs is run.
# $archives: the packages. $packages: trees laid over them.
set -euo pipefail

mkdir -p usr/bin usr/sbin usr/lib usr/lib64
for name in bin sbin lib lib64; do
  ln -s "usr/$name" "$name"
done
for archive in $archives; do
  dpkg-deb --fsys-tarfile "$archive" |
    tar -x --keep-directory-symlink --no-same-owner --no-same-permissions --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' \
      --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' --exclude='./usr/include/*' --exclude='*.a'
done
# What the packages' installation scripts would do.
link() {
  if ! [ -e "usr/bin/$2" ] && [ -e "usr/bin/$1" ]; then ln -sf "$1" "usr/bin/$2"; fi
}
link dash sh
link gawk awk
link mawk awk
link which.debianutils which
ln -sf gawk usr/bin/awk
# The guest's own users and hosts come later.
rm -rf etc/mtab etc/passwd etc/group etc/shadow dev proc sys run tmp var boot
for package in ${packages:-}; do
  if [ -d "$package/usr" ]; then
    chmod -R u+w usr
    cp -rf --no-preserve=mode,ownership "$package/usr/." usr/
    chmod 0755 usr/sbin/* usr/bin/*
  fi
done
