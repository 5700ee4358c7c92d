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
