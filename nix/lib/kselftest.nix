# The kernel's own selftests, of the source of the kernel under test: { package; kconfig; }, or null where no target is named.
{
  tools,
  kernel-src,
  root,
  # Directories below tools/testing/selftests: a list, or words.
  targets,
}:
let
  inherit (import ./kernel-source.nix { inherit kernel-src root; }) source readable;
  words =
    text: builtins.filter (word: builtins.isString word && word != "") (builtins.split "[[:space:],]+" text);
  names = if builtins.isString targets then words targets else targets;
  # Not interpolated: a path would be copied.
  directory = readable + "/tools/testing/selftests";
  unknown = builtins.filter (name: !(builtins.pathExists (directory + "/${name}/Makefile"))) names;

  # What a target asks of the kernel, which has no modules: all of it is built in.
  builtIn =
    line:
    let
      asked = builtins.match "([[:space:]]*CONFIG_[A-Za-z0-9_]+)=m(.*)" line;
    in
    if asked == null then line else "${builtins.head asked}=y${builtins.elemAt asked 1}";
  fragmentOf =
    name:
    let
      path = directory + "/${name}/config";
      lines = builtins.filter builtins.isString (builtins.split "\n" (builtins.readFile path));
      text = builtins.concatStringsSep "\n" (map builtIn lines);
      asks = builtins.any (line: builtins.match "[[:space:]]*CONFIG_.*" line != null) lines;
    in
    if builtins.pathExists path && asks then [ text ] else [ ];
in
if names == [ ] then
  null
else if source == null then
  throw "kernel-vmtest: `kselftest-targets` are built from the kernel's source; give `root` or `kernel-src`."
else if unknown != [ ] then
  throw "kernel-vmtest: the kernel source has no selftests ${builtins.concatStringsSep ", " (map (name: "`${name}`") unknown)}; `kselftest-targets` are directories of tools/testing/selftests with a Makefile."
else
  {
    package = tools.kselftest {
      src = source;
      targets = names;
    };
    kconfig = builtins.concatMap fragmentOf names;
  }
