# Sections (src/domain/section.ts) from nix/sections, and how a flake's `sections` argument becomes a list of them.
let
  file = ../sections/sections.json;
  disks = [
    {
      role = "test";
      sizeMiB = 1024;
    }
    {
      role = "scratch";
      sizeMiB = 1024;
    }
  ];
  known =
    if builtins.pathExists file then
      (builtins.fromJSON (builtins.readFile file)).sections
    else
      map
        (fstyp: {
          name = fstyp;
          description = "${fstyp} as its mkfs makes it";
          inherit fstyp disks;
        })
        [
          "xfs"
          "ext4"
        ];
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
  inherit known names;
  # A list of names and of attribute sets; null gives every known section.
  resolve =
    wanted:
    if wanted == null then
      known
    else
      map (one: if builtins.isString one then named one else one) wanted;
}
