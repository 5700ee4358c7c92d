# Unit tests of nix/lib's pure functions: a list of the names of those that fail. Evaluated by library.test.ts.
let
  lib = import ../../nix/lib;
  throws = value: !(builtins.tryEval (builtins.deepSeq value value)).success;
  makefile = "# SPDX\nVERSION = 6\nPATCHLEVEL = 18\nSUBLEVEL = 0\nEXTRAVERSION = -rc3\nNAME = Baby\n";
  changeable = attributes: attributes // { overrideAttrs = change: attributes // change attributes; };
  # What nix/lib asks of nixpkgs to build a kernel.
  nixpkgs = {
    stdenv.hostPlatform.system = "x86_64-linux";
    lib.version = "none";
    ccache = "its ccache";
    btrfs-progs = changeable {
      outPath = "/btrfs-progs";
      patches = [ ];
      postPatch = "sed configure";
    };
    e2fsprogs = changeable { outPath = "/e2fsprogs"; };
    linuxManualConfig =
      attributes:
      attributes
      // {
        overrideAttrs =
          change:
          attributes
          // change {
            nativeBuildInputs = [ "its bison" ];
            preConfigure = "its configuration";
          };
      };
  };
  sources = import ../../nix/lib/tools/source.nix;
  zeros = "0000000000000000000000000000000000000000";
  kernelCounting =
    directories:
    (import ../../nix/lib/pkgs.nix nixpkgs).buildKernel {
      src = ./.;
      version = "6.18.0";
      configfile = "the configuration";
      counting = coverage.environment directories;
    };
  kernel = kernelCounting [ ];
  coverage = import ../../nix/lib/coverage.nix;
  gcovOf = cc: (import ../../nix/lib/pkgs.nix (nixpkgs // { stdenv = nixpkgs.stdenv // { inherit cc; }; })).gcov;
  selftests =
    targets:
    import ../../nix/lib/kselftest.nix {
      tools.kselftest = given: given;
      kernel-src = ./kernel-tree;
      root = null;
      inherit targets;
    };
  suiteNames =
    given:
    map (suite: suite.name) (
      import ../../nix/lib/suites.nix (
        {
          tools.xfstestsTree = package: "${package}/lib/xfstests";
          xfstests = null;
        }
        // given
      )
    );
  tests = {
    "kselftest: no targets, no selftests" = selftests [ ] == null && selftests " " == null;
    "kselftest: targets as a list or as words" =
      (selftests [
        "mount"
        "net/forwarding"
      ]).package.targets == (selftests "mount, net/forwarding").package.targets;
    "kselftest: what targets ask of the kernel, built in" =
      (selftests "size mount net/forwarding").kconfig == [
        "CONFIG_USER_NS=y\n"
        "# CONFIG_X=m\nCONFIG_BRIDGE=y\nCONFIG_NAME=\"m\"\n"
      ];
    "kselftest: a target that the source has not is refused" = throws (selftests "mount nosuch");
    "kselftest: targets without a source are refused" = throws (
      import ../../nix/lib/kselftest.nix {
        tools = { };
        kernel-src = null;
        root = null;
        targets = [ "mount" ];
      }
    );
    "suites: each whose tree there is" =
      suiteNames { } == [ "smoke" ]
      && suiteNames {
        xfstests = "/x";
        kselftest = "/k";
        scripts-src = ./kernel-tree;
      } == [
        "smoke"
        "fstests"
        "kselftest"
        "scripts"
      ];
    "nixpkgs' kernel: ccache beside what it has" =
      kernel.nativeBuildInputs == [
        "its bison"
        "its ccache"
      ]
      && builtins.match "its configuration\nsource .*nixpkgs-ccache\\.sh\n" kernel.preConfigure != null;
    "nixpkgs' kernel: where ccache's directory may be" =
      kernel.ccacheDirectory == "${builtins.dirOf builtins.storeDir}/var/kernel-vmtest/ccache";
    "nixpkgs' kernel builder gets no argument it does not know" = !(kernel ? compilation || kernel ? counting);
    "nixpkgs' kernel counts where it is to, and keeps the compiler's notes" =
      let
        counting = kernelCounting [ "fs/xfs" ];
        keeps = one: builtins.match ".*keepNotes .*" one.postInstall != null;
      in
      counting.counted == "fs/xfs" && keeps counting && !(kernel ? counted) && !(keeps kernel);
    "nixpkgs' gcov is its compiler's" =
      gcovOf { cc = "/store/gcc"; } == "/store/gcc/bin/gcov"
      && gcovOf {
        cc = "/store/gcc";
        targetPrefix = "aarch64-unknown-linux-gnu-";
      } == "/store/gcc/bin/aarch64-unknown-linux-gnu-gcov";
    "nixpkgs' clang counts in another form" = throws (gcovOf {
      cc = "/store/clang";
      isClang = true;
    });
    "no directory counts but one of the tree's" = builtins.all (directory: throws (coverage.environment [ directory ])) [
      ""
      "/fs"
      "fs/.."
      "fs/x f"
      "$(shell id)"
      "fs/xfs,y"
      1
    ];
    "a source says its revision, and that it is dirty" =
      map sources.revision [
        null
        ./.
        {
          outPath = "/a";
          rev = "0123456789abcdef0123456789abcdef01234567";
          shortRev = "0123456";
        }
        # fetchGit of a checkout with changes: Nix since 2.19, and before.
        {
          rev = zeros;
          shortRev = "0000000";
          dirtyRev = "0123456789abcdef0123456789abcdef01234567-dirty";
          dirtyShortRev = "0123456-dirty";
        }
        {
          rev = zeros;
          shortRev = "0000000";
        }
        # fetchFromGitHub.
        { rev = "v6.17.0"; }
        {
          rev = "refs/tags/v6.17.0";
          tag = "v6.17.0";
        }
      ] == [
        null
        null
        "0123456789ab"
        "0123456-dirty"
        "dirty"
        "v6.17.0"
        "v6.17.0"
      ];
    "what the guest's programs are made of, in vmtest.json's words" =
      import ../../nix/lib/revisions.nix {
        arguments = {
          xfstests-src = { dirtyShortRev = "0123456-dirty"; };
          xfsprogs-src = /a/xfsprogs-dev;
          btrfs-progs-src = { rev = "v6.19"; };
        };
        packages = {
          xfstests.version = "0123456-dirty";
          xfsprogs.version = "local";
          btrfs-progs.version = "v6.19";
          e2fsprogs.version = "1.47.4";
          f2fs-tools = null;
        };
      } == {
        xfstests = "0123456-dirty";
        xfsprogs = "of xfsprogs-dev";
        btrfs-progs = "v6.19";
        e2fsprogs = "1.47.4";
        f2fs-tools = null;
      };
    "sources of file systems' programs stand for the package set's" =
      builtins.mapAttrs (_: package: package.version) (
        import ../../nix/lib/replaced.nix (import ../../nix/lib/pkgs.nix nixpkgs) {
          btrfs-progs-src.rev = "v6.19";
          e2fsprogs-src.rev = "v1.47.4";
          f2fs-tools-src = null;
          xfsprogs-src = ./.;
        }
      ) == {
        btrfs-progs = "v6.19";
        e2fsprogs = "v1.47.4";
      };
    "a git tree of btrfs-progs gets its configure, nixpkgs' patches only where they fit" =
      let
        package = (import ../../nix/lib/pkgs.nix nixpkgs).btrfs-progs { rev = "v6.19"; };
      in
      builtins.match ".*autogen\\.sh.*" package.preConfigure != null
      && package.patches == [ ]
      && builtins.match ".*--dry-run.*" package.prePatch != null
      && builtins.match ".*sed configure.*" package.postPatch != null;
    "a source of a program that the package set lacks" = throws (
      (import ../../nix/lib/pkgs.nix nixpkgs).f2fs-tools { rev = "v1.16.0"; }
    );
    "a tag as a part of a store path's name" = sources.version { tag = "x/y v1"; } == "x-y-v1";
    "version with EXTRAVERSION" = lib.kernelVersion makefile == "6.18.0-rc3";
    "version without SUBLEVEL" = lib.kernelVersion "VERSION = 6\nPATCHLEVEL = 1\nEXTRAVERSION =\n" == "6.1";
    "a Makefile that is no kernel's" = throws (lib.kernelVersion "all:\n\ttrue\n");
    "fragment by name" = builtins.match ".*-xfs\\.config" (lib.kconfig.fragment "xfs") != null;
    # The same store path is the same text; to read it would need a store that may be written.
    "fragment as text" =
      lib.kconfig.fragment "CONFIG_XFS_DEBUG=y\nCONFIG_XFS_WARN=n"
      == builtins.toFile "own.config" "CONFIG_XFS_DEBUG=y\nCONFIG_XFS_WARN=n";
    "fragment as a path" = lib.kconfig.fragment ../../nix/kconfig/xfs.config == ../../nix/kconfig/xfs.config;
    "unknown fragment" = throws (lib.kconfig.fragment "reiserfs");
    "base fragments exist" =
      builtins.all (name: builtins.elem name lib.kconfig.names) (lib.kconfig.base "x86_64-linux")
      && builtins.all (name: builtins.elem name lib.kconfig.names) (lib.kconfig.base "aarch64-linux");
    "all sections" = lib.sections.resolve null == lib.sections.known;
    "sections by name" = map (one: one.fstyp) (lib.sections.resolve [ "xfs" "ext4" ]) == [ "xfs" "ext4" ];
    "a section of one's own" = lib.sections.resolve [ { name = "mine"; } ] == [ { name = "mine"; } ];
    "the NixOS module's sections by name" = (lib.sections.named "xfs_4k").fstyp == "xfs";
    "the NixOS module knows everything a section has" =
      let
        options = (import ../../nix/nixos/options.nix { lib = import ../../nix/nixos/lib-stand-in.nix; }).options;
        section = (options.services.vmtest.sections.type.getSubOptions [ ])."*";
      in
      builtins.all (one: builtins.all (name: section ? ${name}) (builtins.attrNames one)) lib.sections.known;
    "unknown section" = throws (lib.sections.resolve [ "zfs" ]);
    "unknown argument of mkVmTest" = throws (
      lib.mkVmTest {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        xfstest-src = ./.;
      }
    );
    "unknown argument of mkNixosVmTest" = throws (
      lib.mkNixosVmTest {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        module = { };
      }
    );
    "a NixOS guest of a package set without NixOS" = throws (
      lib.mkNixosVmTest { pkgs.stdenv.hostPlatform.system = "x86_64-linux"; }
    );
    "unknown compiler" = throws (
      lib.mkLinuxShell {
        pkgs.stdenv.hostPlatform.system = "x86_64-linux";
        compiler = "icc";
      }
    );
  };
in
builtins.filter (name: !tests.${name}) (builtins.attrNames tests)
