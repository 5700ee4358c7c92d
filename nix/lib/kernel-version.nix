# The version at the head of a kernel tree's Makefile: "6.18.0-rc3". kernel-release.nix adds what else its release says.
makefile:
let
  lines = builtins.filter builtins.isString (builtins.split "\n" makefile);
  field =
    name:
    let
      found = builtins.filter (match: match != null) (
        map (builtins.match "${name} *= *([^ #]*).*") lines
      );
    in
    if found == [ ] then "" else builtins.head (builtins.head found);
  version = field "VERSION";
  patchLevel = field "PATCHLEVEL";
  subLevel = field "SUBLEVEL";
in
if version == "" || patchLevel == "" then
  throw "kernel-vmtest: this Makefile names no VERSION and PATCHLEVEL: is `root` (or `kernel-src`) a kernel tree?"
else
  "${version}.${patchLevel}${if subLevel == "" then "" else ".${subLevel}"}${field "EXTRAVERSION"}"
