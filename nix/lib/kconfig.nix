# Kernel configuration as data: fragments of nix/kconfig by name, or files and text of one's own.
let
  directory = ../kconfig;
  names = map (file: builtins.substring 0 (builtins.stringLength file - 7) file) (
    builtins.filter (file: builtins.match ".*\\.config" file != null) (
      builtins.attrNames (builtins.readDir directory)
    )
  );
  byName = builtins.listToAttrs (
    map (name: {
      inherit name;
      value = builtins.path {
        name = "${name}.config";
        path = directory + "/${name}.config";
      };
    }) names
  );

  # One fragment as a file: a name of nix/kconfig, a path, or text of `CONFIG_…` lines.
  fragment =
    one:
    if builtins.isPath one then
      one
    else if builtins.isString one && byName ? ${one} then
      byName.${one}
    else if builtins.isString one && builtins.match ".*CONFIG_[A-Za-z0-9_]+[= ].*" (flat one) != null then
      builtins.toFile "own.config" one
    else if builtins.isString one && builtins.substring 0 1 one == "/" then
      one
    else
      throw "kernel-vmtest: there is no kconfig fragment `${toString one}`; there are: ${builtins.concatStringsSep ", " names}. Own options are given as text (\"CONFIG_FOO=y\") or as a path.";

  flat = text: builtins.replaceStrings [ "\n" ] [ " " ] text;
  # What a fragment says. Text is read from no store: an evaluation that writes nothing (`nix flake check --no-build`) has none.
  textOf =
    one:
    if builtins.isString one && !(byName ? ${one}) && builtins.substring 0 1 one != "/" then
      builtins.seq (fragment one) one
    else
      builtins.readFile (fragment one);
in
{
  inherit names fragment textOf;
  fragments = byName;
  # What a guest for `system` that tests file systems cannot do without.
  base = system: [
    "base"
    (builtins.head (builtins.split "-" system))
    "fstests"
    "hang-detection"
    "xfs"
    "ext4"
  ];
}
