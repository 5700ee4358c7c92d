# Copies the host's files into the current directory as a merged-/usr tree.
# $1: the files in sha256sum's format. $2: links, one "PATH TARGET" a line. All paths are absolute.
# $3: a directory with the files of the host's /etc, which builders do not see.
set -euo pipefail
files=$1
links=$2
etc=$3

mkdir -p usr/bin usr/sbin usr/lib usr/lib64
for name in bin sbin lib lib64; do
  ln -s "usr/$name" "$name"
done

# A line of sha256sum is a 64-digit hash, two characters and the path.
cut -c 67- "$files" | sed 's,^/,,' | tar -c -C / --no-recursion --files-from=- |
  tar -x --no-same-owner --no-same-permissions
sed 's,^\(.\{66\}\)/,\1,' "$files" | sha256sum --check --quiet -

mkdir -p etc
cp -r --no-preserve=mode "$etc/." etc/

while read -r path target; do
  mkdir -p ".${path%/*}"
  ln -s "$target" ".$path"
done <"$links"
