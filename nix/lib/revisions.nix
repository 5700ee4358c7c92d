# What vmtest.json says of the suites' and programs' sources: a revision where they are the user's ("dirty" where git says
# so), else the version of the package.
{
  xfstests-src,
  xfsprogs-src,
  # The packages, or null.
  xfstests,
  xfsprogs,
}:
let
  sources = import ./tools/source.nix;
  of =
    source: package:
    if source == null then
      (if package == null then null else package.version or null)
    else
      let
        known = sources.revision source;
      in
      if known == null then "of ${baseNameOf (toString source)}" else known;
in
{
  xfstests = of xfstests-src xfstests;
  xfsprogs = of xfsprogs-src xfsprogs;
}
