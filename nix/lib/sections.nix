# Sections (src/domain/section.ts) from nix/sections, and how a flake's `sections` argument becomes a list of them.
let
  known = (builtins.fromJSON (builtins.readFile ../sections/sections.json)).sections;
  names = map (section: section.name) known;

  named =
    name:
    let
      found = builtins.filter (section: section.name == name) known;
    in
    if found == [ ] then
      throw "kernel-vmtest: there is no section `${name}`; there are: ${builtins.concatStringsSep ", " names}. A section of one's own is an attribute set { name; fstyp; disks; … }."
    else
      builtins.head found;
in
{
  inherit known names named;
  # A list of names and of attribute sets; null gives every known section.
  resolve =
    wanted:
    if wanted == null then
      known
    else
      map (one: if builtins.isString one then named one else one) wanted;
}
