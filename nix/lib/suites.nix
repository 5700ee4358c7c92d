# The suites of a guest: [ { name; tree; } ], the tree in the store. Our own, and each whose tree there is.
{
  tools,
  # The package, or null.
  xfstests,
  # The package, or null.
  kselftest ? null,
  # A directory of executables of one's own: a path, a string, or a source. Or null.
  scripts-src ? null,
  # Packages, or null.
  blktests ? null,
  ltp ? null,
}:
let
  given = name: tree: if tree == null then [ ] else [ { inherit name tree; } ];
  # A path by its contents: a string that names one would be read where the builder sees nothing.
  inStore =
    source:
    if builtins.isAttrs source then
      "${source}"
    else
      builtins.path {
        name = "scripts";
        path = source;
      };
in
given "smoke" (
  builtins.path {
    name = "smoke-suite";
    path = ../suites/smoke;
  }
)
++ given "fstests" (if xfstests == null then null else tools.xfstestsTree xfstests)
++ given "kselftest" (if kselftest == null then null else "${kselftest}")
++ given "scripts" (if scripts-src == null then null else inStore scripts-src)
++ given "blktests" (if blktests == null then null else "${blktests}")
++ given "ltp" (if ltp == null then null else "${ltp}")
