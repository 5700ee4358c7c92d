# Builder: the guest's root as a read-only EROFS image. $populate: a script that fills the current directory with
# programs; $etc: files for /etc, or nothing; $suites: NAME=TREE words; $out: the image.
set -euo pipefail
mkdir root
cd root
bash "$populate"
mkdir -p dev etc home mnt proc results root run sys tmp \
  var/cache var/lib var/log var/tmp vmtest/suites
if [ -n "$etc" ]; then
  cp --no-preserve=mode "$etc"/* etc/
  ln -s /proc/self/mounts etc/mtab
fi
for suite in $suites; do
  cp -r "${suite#*=}" "vmtest/suites/${suite%%=*}"
done
# Where a suite given by --fstests is mounted.
mkdir -p vmtest/suites/fstests
chmod -R u+w vmtest
chmod 1777 tmp var/tmp
cd ..
# Uncompressed: decompression costs an emulated processor more than the disk costs the host.
mkfs.erofs --quiet -T1 --all-root -U 6b6d7674-6573-7400-0000-000000000001 "$out" root
