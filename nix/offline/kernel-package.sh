# Builder: takes a distribution's kernel packages apart. $archives (.deb files), $release, $out.
set -euo pipefail

mkdir unpacked
for archive in $archives; do
  dpkg-deb --fsys-tarfile "$archive" | tar -x -C unpacked --wildcards --no-same-owner --no-same-permissions \
    --exclude='*/doc/*' './boot' './lib/modules/*' './usr/lib/modules/*' 2>tar.log || true
done

boot=unpacked/boot/vmlinuz-$release
if [ ! -f "$boot" ]; then
  echo "no ./boot/vmlinuz-$release in: $archives" >&2
  cat tar.log >&2
  exit 1
fi
mkdir -p "$out/lib/modules"
cp "$boot" "$out/image"
cp "unpacked/boot/config-$release" "$out/config"
cp "unpacked/boot/System.map-$release" "$out/System.map"
for modules in unpacked/usr/lib/modules unpacked/lib/modules; do
  if [ -d "$modules/$release" ]; then
    cp -r "$modules/$release" "$out/lib/modules/"
  fi
done
if [ ! -d "$out/lib/modules/$release/kernel" ]; then
  echo "no modules of $release in: $archives" >&2
  exit 1
fi
rm -f "$out/lib/modules/$release/build" "$out/lib/modules/$release/source"
# The package leaves this to its installation script.
depmod -b "$out" -F "$out/System.map" "$release"
