# Fills the current directory with the host's files as a merged-/usr tree.
# $files: the files in sha256sum's format. $links: one "PATH TARGET" a line. All paths are absolute.
# $hostEtc: the files of the host's /etc, which builders do not see. $packages: trees laid over it.
set -euo pipefail

mkdir -p usr/bin usr/sbin usr/lib usr/lib64
for name in bin sbin lib lib64; do
  ln -s "usr/$name" "$name"
done

# A line of sha256sum is a 64-digit hash, two characters and the path.
cut -c 67- "$files" | sed 's,^/,,' | tar -c -C / --no-recursion --files-from=- |
  tar -x --no-same-owner --no-same-permissions
sed 's,^\(.\{66\}\)/,\1,' "$files" | sha256sum --check --quiet -

mkdir -p etc
cp -r --no-preserve=mode "$hostEtc/." etc/

while read -r path target; do
  mkdir -p ".${path%/*}"
  ln -s "$target" ".$path"
done <"$links"

for package in ${packages:-}; do
  # A suite's tree has a place of its own (root-image.sh).
  if [ -d "$package/usr" ]; then
    chmod -R u+w usr
    cp -rf --no-preserve=mode,ownership "$package/usr/." usr/
    chmod 0755 usr/sbin/* usr/bin/*
  fi
done

# `ls` of coreutils that are one program (Ubuntu's since 25.10, rust-coreutils) goes by the name it is called under, and generic/452
# copies it to another: then a script calls it by the right one.
cp usr/bin/ls ls-by-another-name 2>/dev/null || cp "$(readlink usr/bin/ls | sed 's,^/,,')" ls-by-another-name
if ! ./ls-by-another-name / >/dev/null 2>&1; then
  if ! [ -L usr/bin/ls ]; then
    mv usr/bin/ls usr/bin/ls.real
    ln -s /usr/bin/ls.real usr/bin/ls
  fi
  program=$(readlink usr/bin/ls)
  rm usr/bin/ls
  printf '#!/bin/bash\nexec -a ls %s "$@"\n' "$program" >usr/bin/ls
  chmod 0755 usr/bin/ls
fi
rm ls-by-another-name

# Without the loader's cache a library outside of its own directories (/usr/local/lib) is not found, and each start of a program looks for its
# first one in some forty places.
if [ -s etc/ld.so.conf ] && command -v ldconfig >/dev/null; then
  ldconfig -X -r "$PWD" || rm -f etc/ld.so.cache
  # What ldconfig notes for itself has times in it.
  rm -rf var/cache/ldconfig
fi
