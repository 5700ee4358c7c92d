# Fills the current directory with the closure of $programs: the store paths themselves, and the usual places leading
# there. $closure: nixpkgs' closureInfo. $pam: the package with PAM's modules, or nothing.
set -euo pipefail
mkdir -p nix/store usr lib64
xargs cp -a --reflink=auto -t nix/store <"$closure/store-paths"
for name in bin sbin usr/bin usr/sbin; do
  ln -s "$programs/bin" "$name"
done
if [ -e "$programs/share" ]; then
  ln -s "$programs/share" share
  ln -s "$programs/share" usr/share
fi
if [ -n "$pam" ]; then
  # `su`, `runuser` and their like ask PAM. Root may become anybody, and nobody else may become anything.
  mkdir -p etc/pam.d
  modules=$pam/lib/security
  for module in pam_rootok pam_deny pam_permit; do
    if ! [ -e "$modules/$module.so" ]; then
      echo "$modules has no $module.so" >&2
      exit 1
    fi
  done
  {
    echo "auth sufficient $modules/pam_rootok.so"
    echo "auth required $modules/pam_deny.so"
    echo "account required $modules/pam_permit.so"
    echo "session required $modules/pam_permit.so"
    echo "password required $modules/pam_deny.so"
  } >etc/pam.d/other
  for service in su su-l runuser runuser-l; do ln -s other "etc/pam.d/$service"; done
fi
