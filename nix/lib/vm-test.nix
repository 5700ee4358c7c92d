# mkVmTest: the VM bundle, a directory with vmtest.json (src/domain/bundle.ts) that refers to store paths.
{
  # The package set: nixpkgs, or nix/offline's.
  pkgs,
  # Sections, as src/domain/section.ts describes them.
  sections ? import ./default-sections.nix,
}:
let
  tools = import ./pkgs.nix pkgs;
  kernel = tools.defaultKernel;
  programs = tools.guestPrograms [ ];
  smoke = import ./smoke-suite.nix { inherit tools; };

  initrd = tools.runScript "vmtest-initrd" {
    inherit (tools) busybox;
    init = builtins.path {
      name = "init";
      path = ../guest/init;
    };
  } ./initrd.sh;

  rootImage = tools.runScript "vmtest-root.erofs" {
    inherit (programs) populate;
    etc = builtins.path {
      name = "guest-etc";
      path = ./guest-etc;
    };
    smoke = smoke.source;
  } ./root-image.sh;

  manifest = {
    version = 1;
    architecture = builtins.head (builtins.split "-" tools.system);
    kind = "minimal";
    kernel = {
      inherit (kernel)
        image
        release
        modules
        config
        ;
    };
    initrd = "${initrd}";
    rootImage = "${rootImage}";
    guestPath = programs.path;
    suites = [
      {
        name = "smoke";
        guestPath = "/vmtest/suites/smoke";
        catalogue = "${smoke.catalogue}";
        source = "${smoke.source}";
      }
    ];
    inherit sections;
    revisions = {
      kernel = kernel.version;
    }
    // tools.revisions;
  }
  // (if tools.qemu == null then { } else { inherit (tools) qemu; });
in
tools.runScript "vmtest-bundle" {
  manifest = tools.writeText "vmtest.json" (builtins.toJSON manifest);
} ./bundle.sh
