# The release that a kernel built from `tree` calls itself (scripts/setlocalversion): the Makefile's version, what the files
# localversion* in its top directory say (linux-next and -rt keep one there), and CONFIG_LOCALVERSION of the fragments (texts).
# No git is there where Nix builds, so nothing is added for a commit; the build compares.
{ tree, fragments }:
let
  makefile = builtins.readFile (tree + "/Makefile");
  files = builtins.filter (name: builtins.match "localversion[^~]*" name != null) (
    builtins.attrNames (builtins.readDir tree)
  );
  # The shell's `$(cat FILE)` drops line ends at the end.
  stripped =
    text:
    let
      lines = builtins.filter builtins.isString (builtins.split "\n" text);
      trimmed = builtins.foldl' (
        kept: line: if kept == [ ] && line == "" then [ ] else [ line ] ++ kept
      ) [ ] (reversed lines);
    in
    builtins.concatStringsSep "\n" trimmed;
  reversed = list: builtins.foldl' (before: entry: [ entry ] ++ before) [ ] list;
  ofFiles = builtins.concatStringsSep "" (map (name: stripped (builtins.readFile (tree + "/${name}"))) files);

  lines = builtins.concatMap (
    fragment: builtins.filter builtins.isString (builtins.split "\n" fragment)
  ) fragments;
  assigned = builtins.filter (value: value != null) (
    map (builtins.match "CONFIG_LOCALVERSION=\"(.*)\"") lines
  );
  ofConfig = if assigned == [ ] then "" else builtins.head (builtins.head (reversed assigned));
in
"${import ./kernel-version.nix makefile}${ofFiles}${ofConfig}"
