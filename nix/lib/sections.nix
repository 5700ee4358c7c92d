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

  # What is fstests' own of a section, which is written beside the rest and stands in `settings` in the bundle.
  ownSettings = [
    "fstyp"
    "mkfsOptions"
    "mountOptions"
    "proof"
  ];
  only = wanted: set: builtins.intersectAttrs (builtins.listToAttrs (map (name: { inherit name; value = null; }) wanted)) set;
in
{
  inherit known names named;
  # The sections of a bundle that are one suite's: fstests and smoke run the same ones; any other has one, without disks.
  ofSuite =
    suite: sections:
    if suite == "fstests" || suite == "smoke" then
      map (
        section: (removeAttrs section ownSettings) // { inherit suite; settings = only ownSettings section; }
      ) sections
    else
      [
        {
          inherit suite;
          name = "default";
          description = "no disks";
        }
      ];
  # A list of names and of attribute sets; null gives every known section.
  resolve =
    wanted:
    if wanted == null then
      known
    else
      map (one: if builtins.isString one then named one else one) wanted;
}
