# The release a kernel tree gives itself, from the head of its Makefile: "6.18.0-rc3".
# Good for a configuration without CONFIG_LOCALVERSION and localversion files; the build checks it.
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
