# Where a kernel's source is: { source; readable; }. `source` is what a derivation builds, null where there is none; `readable` the same, to be read
# while nothing is copied.
{
  # A kernel source: a path, a fetched source, a flake input. Or null.
  kernel-src,
  # The tree the flake is in, as a string. Or null.
  root,
}:
let
  # `root` in a flake is the copy of what git tracks; outside the store (with --impure) the dirty tree as git sees it.
  inStore = path: builtins.match "(${builtins.storeDir}/[^/]+).*" path;
  # `toString ./.` forgets that it names a store path, and a sandbox shows a builder only what its derivation names. By
  # its contents, not by its name: Nix 2.35 only hashes a flake's source, so that the path need not exist.
  asInput =
    path:
    builtins.path {
      name = "source";
      inherit path;
    };
in
rec {
  readable = if kernel-src == null && inStore (toString root) != null then toString root else source;
  source =
    if kernel-src != null then
      kernel-src
    else if root == null then
      null
    else if inStore (toString root) != null then
      asInput (toString root)
    else
      builtins.fetchGit { url = toString root; };
}
