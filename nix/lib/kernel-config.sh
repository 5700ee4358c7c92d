# Builder: a .config of $src (a clean kernel tree, read-only) from $fragments, merged by the tree's own scripts; $kernelTree, $ccache, $out.
# $kbuildFlags: what the kernel will be made with, so that Kconfig asks the same compiler.
set -euo pipefail
# shellcheck source=nix/lib/kernel-tree.sh
source "$kernelTree"
# shellcheck source=nix/lib/ccache.sh
source "$ccache"
linkTree
read -ra flags <<<"${kbuildFlags:-}"
lastFlag CC "${flags[@]}"
compiler=$flag
lastFlag HOSTCC "${flags[@]}"
useCcache "$compiler" "$flag"
trap 'reportCcache || :' EXIT
build=source/build
make -s "${kbuild[@]}" "${flags[@]}" "${compilers[@]}" tinyconfig >tinyconfig.log 2>&1 || {
  cat tinyconfig.log >&2
  exit 1
}
# shellcheck disable=SC2086 # A list of files.
cat $fragments >fragments.config
cat fragments.config >>"$build/.config"
make -s "${kbuild[@]}" "${flags[@]}" "${compilers[@]}" olddefconfig >olddefconfig.log 2>&1 || {
  cat olddefconfig.log >&2
  exit 1
}

# An option that did not survive is not an error (older kernels lack some), but it is said by name.
sed -n 's/^\(CONFIG_[A-Za-z0-9_]*\)=\(.*\)/\1 \2/p' fragments.config | while read -r option value; do
  if grep -q "^$option=" "$build/.config"; then
    grep -qxF "$option=$value" "$build/.config" || echo "kconfig: $option is $(sed -n "s/^$option=//p" "$build/.config"), not $value"
  elif [ "$value" != n ]; then
    echo "kconfig: $option=$value did not survive: unknown to this kernel, or its dependencies are off"
  fi
done
cp "$build/.config" "$out"
