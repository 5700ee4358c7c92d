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
  # Sources of fstests and of the file systems' programs; null: the package set's own.
  xfstests-src ? null,
  xfsprogs-src ? null,
  # Targets of the kernel's own selftests, built from its source: a list, or words (`"mount timens"`).
  kselftest-targets ? [ ],
  # A directory of executables of one's own, each a test.
  scripts-src ? null,
  # Sources of further suites; fstests runs the last one (overlay/union).
  blktests-src ? null,
  ltp-src ? null,
  unionmount-testsuite-src ? null,
  btrfs-progs-src ? null,
  e2fsprogs-src ? null,
  f2fs-tools-src ? null,
  # Further packages in the guest.
  packages ? [ ],
  # Names of sections, or sections of one's own; null: all of nix/sections.
  sections ? null,
  ...
}@arguments:
let
  tools = import ./pkgs.nix pkgs;

  fragments =
    (if kconfig == null then (import ./kconfig.nix).base tools.system else kconfig)
    ++ (if selftests == null then [ ] else selftests.kconfig)
    ++ extra-kconfig;
  kernelCounting =
    counted:
    import ./kernel.nix {
      inherit
        tools
        kernel
        kernel-src
        root
        counted
        ;
      kconfig = fragments;
    };
  withCoverage = directories: bundleOf (kernelCounting directories);

  xfsprogs = tools.xfsprogs xfsprogs-src;
  xfstests = tools.xfstests {
    src = xfstests-src;
    inherit xfsprogs;
  };
  replaced = import ./replaced.nix tools arguments;
  selftests = import ./kselftest.nix {
    inherit tools kernel-src root;
    targets = kselftest-targets;
  };
  kselftest = if selftests == null then null else selftests.package;
  built = {
    blktests = if blktests-src == null then null else tools.blktests blktests-src;
    ltp = if ltp-src == null then null else tools.ltp ltp-src;
  };
  suites = import ./suites.nix {
    inherit
      tools
      xfstests
      kselftest
      scripts-src
      ;
    inherit (built) blktests ltp;
  };

  programs = tools.guestPrograms {
    first =
      (if xfsprogs == null then [ ] else [ xfsprogs ] ++ (if xfstests == null then [ ] else [ xfstests ]))
      ++ builtins.filter (package: package != null) [
        kselftest
        built.blktests
        built.ltp
      ];
    inherit replaced;
    extra = packages;
  };

  rootImage = import ./root-image.nix {
    inherit tools programs;
    suites =
      suites
      ++ (
        if unionmount-testsuite-src == null then
          [ ]
        else
          [
            {
              name = "unionmount-testsuite";
              tree = "${unionmount-testsuite-src}";
            }
          ]
      );
    etc = builtins.path {
      name = "guest-etc";
      path = ./guest-etc;
    };
  };

  bundleOf =
    bundleKernel:
    import ./bundle.nix {
      inherit
        tools
        rootImage
        suites
        sections
        ;
      kind = "minimal";
      kernel = bundleKernel;
      guestPath = programs.path;
      revisions = import ./revisions.nix {
        inherit arguments;
        packages = replaced // {
          inherit xfstests xfsprogs;
          # A revision where it is given.
          blktests = null;
          ltp = null;
        };
      };
    };
in
import ./check-arguments.nix "mkVmTest" (import ./arguments.nix) arguments (
  bundleOf (kernelCounting [ ])
  // {
    # The same guest with the package set's own kernel: nothing to compile, for `--kernel` of the tree's own `make`.
    guest = bundleOf (tools.describeKernel tools.defaultKernel);
    # Directories of the kernel's source -> the same guest with a kernel that counts which of their lines run.
    inherit withCoverage;
    counted = (import ./coverage.nix).asked {
      inherit
        kernel
        kernel-src
        root
        withCoverage
        ;
    };
    inherit rootImage;
    initrd = import ./initrd.nix tools;
  }
)
