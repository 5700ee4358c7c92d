# What vmtest.json says of the suites' and programs' sources: a revision where they are the user's ("dirty" where git says
# so), else the version of the package. `arguments` are mkVmTest's, `packages` by the names the arguments' `-src` have; null:
# there is none.
{ arguments, packages }:
let
  sources = import ./tools/source.nix;
  of =
    name: package:
    let
      source = arguments."${name}-src" or null;
      known = sources.revision source;
    in
    if source == null then
      (if package == null then null else package.version or null)
    else if known == null then
      "of ${baseNameOf (toString source)}"
    else
      known;
in
builtins.mapAttrs of packages
