# A bundle of its parts: a directory with vmtest.json (src/domain/bundle.ts).
{
  tools,
  # "minimal" or "nixos".
  kind,
  # As kernel.nix describes it.
  kernel,
  rootImage,
  # PATH in the guest.
  guestPath,
  # As suites.nix lists them.
  suites,
  # Names, sections of one's own, or null for all of nix/sections.
  sections,
  # What the start may take; null: what its kind may take.
  bootSeconds ? null,
  # Of what else is in the guest: { xfstests; xfsprogs; }, null where it is not said.
  revisions ? { },
}:
let
  sectionLists = import ./sections.nix;
  withoutNulls = set: removeAttrs set (builtins.filter (name: set.${name} == null) (builtins.attrNames set));
in
tools.runScript "vmtest-bundle" {
  manifest = tools.writeText "vmtest.json" (
    builtins.toJSON (withoutNulls {
      version = 2;
      inherit (tools) architecture qemu;
      inherit kind bootSeconds guestPath;
      kernel = withoutNulls (removeAttrs kernel [ "version" ]);
      initrd = "${import ./initrd.nix tools}";
      rootImage = "${rootImage}";
      suites = map (suite: {
        inherit (suite) name;
        guestPath = "/vmtest/suites/${suite.name}";
        source = "${suite.tree}";
      }) suites;
      sections = builtins.concatMap (suite: sectionLists.ofSuite suite.name (sectionLists.resolve sections)) suites;
      revisions = tools.revisions // withoutNulls revisions // {
        kernel = kernel.version;
      };
    })
  );
} ./bundle.sh
