# mkVmTest: the VM bundle, a directory with vmtest.json (src/domain/bundle.ts) that refers to store paths.
# Every argument but `pkgs` has a default.
{
  # The package set: nixpkgs, or nix/offline's.
  pkgs,
  # The kernel tree, as a string: `builtins.toString ./.` in its flake. Built unless `kernel` is given.
  root ? null,
  # A kernel source in place of the tree: a path, a fetched source, a flake input.
  kernel-src ? null,
  # A kernel that is built already: a package, or { image; release; modules ? …; config ? …; vmlinux ? …; }.
  kernel ? null,
  # Kernel configuration: fragment names of nix/kconfig, paths, or text. `extra-kconfig` is added to the usual ones.
  kconfig ? null,
  extra-kconfig ? [ ],
  # Sources of fstests and xfsprogs; null: the package set's own.
  xfstests-src ? null,
  xfsprogs-src ? null,
  # Further packages in the guest.
  packages ? [ ],
  # Names of sections, or sections of one's own; null: all of nix/sections.
  sections ? null,
  ...
}@arguments:
let
  tools = import ./pkgs.nix pkgs;
  known = [
    "pkgs"
    "root"
    "kernel-src"
    "kernel"
    "kconfig"
    "extra-kconfig"
    "xfstests-src"
    "xfsprogs-src"
    "packages"
    "sections"
    # mkLinuxShell's, so that one set of arguments serves both.
    "compiler"
    "shellHook"
    "shell-packages"
  ];
  unknown = builtins.filter (name: !(builtins.elem name known)) (builtins.attrNames arguments);

  fragments =
    (if kconfig == null then (import ./kconfig.nix).base tools.system else kconfig) ++ extra-kconfig;
  chosenKernel = import ./kernel.nix {
    inherit
      tools
      kernel
      kernel-src
      root
      ;
    kconfig = fragments;
  };

  xfsprogs = tools.xfsprogs xfsprogs-src;
  xfstests = tools.xfstests {
    src = xfstests-src;
    inherit xfsprogs;
  };
  # Each suite: its tree in the store, and where the guest finds it.
  smokeTree = builtins.path {
    name = "smoke-suite";
    path = ../suites/smoke;
  };
  suites = [
    {
      name = "smoke";
      tree = smokeTree;
    }
  ]
  ++ (
    if xfstests == null then
      [ ]
    else
      [
        {
          name = "fstests";
          tree = tools.xfstestsTree xfstests;
        }
      ]
  );

  programs = tools.guestPrograms {
    first = if xfsprogs == null then [ ] else [ xfsprogs ] ++ (if xfstests == null then [ ] else [ xfstests ]);
    extra = packages;
  };

  initrd = tools.runScript "vmtest-initrd" {
    inherit (tools) busybox;
    init = builtins.path {
      name = "init";
      path = ../guest/init;
    };
  } ./initrd.sh;

  rootImage = tools.runScript "vmtest-root.erofs" (
    programs.environment
    // {
      populate = programs.script;
      etc = builtins.path {
        name = "guest-etc";
        path = ./guest-etc;
      };
      suites = map (suite: "${suite.name}=${suite.tree}") suites;
    }
  ) ./root-image.sh;

  withoutNulls = set: removeAttrs set (builtins.filter (name: set.${name} == null) (builtins.attrNames set));

  bundleOf =
    bundleKernel:
    tools.runScript "vmtest-bundle" {
      manifest = tools.writeText "vmtest.json" (
        builtins.toJSON (withoutNulls {
          version = 1;
          inherit (tools) architecture qemu;
          kind = "minimal";
          kernel = withoutNulls (removeAttrs bundleKernel [ "version" ]);
          initrd = "${initrd}";
          rootImage = "${rootImage}";
          guestPath = programs.path;
          suites = map (suite: {
            inherit (suite) name;
            guestPath = "/vmtest/suites/${suite.name}";
            catalogue = "${import ./catalogue.nix {
              inherit tools;
              suite = suite.name;
              source = suite.tree;
            }}";
            source = "${suite.tree}";
          }) suites;
          sections = (import ./sections.nix).resolve sections;
          revisions = tools.revisions // {
            kernel = bundleKernel.version;
          };
        })
      );
    } ./bundle.sh;
in
if unknown != [ ] then
  throw "kernel-vmtest: mkVmTest has no argument ${builtins.concatStringsSep ", " unknown}; it has: ${builtins.concatStringsSep ", " known}."
else
  bundleOf chosenKernel
  // {
    # The same guest with the package set's own kernel: nothing to compile, for `--kernel` of the tree's own `make`.
    guest = bundleOf (tools.describeKernel tools.defaultKernel);
    inherit rootImage initrd;
  }
