# services.vmtest: what a NixOS system that tests file systems can be told. docs/reference/options.md is made of this file
# (scripts/options.mjs), and nix/nixos/guest.nix makes a guest of its values.
{ lib, ... }:
let
  inherit (lib) literalExpression mkOption types;
  # By text alone, so that the documentation is made without a package set.
  sections = import ../lib/sections.nix;

  disk.options = {
    role = mkOption {
      type = types.enum [
        "test"
        "scratch"
        "pool"
        "logwrites"
        "test-log"
        "scratch-log"
        "test-rt"
        "scratch-rt"
      ];
      description = "Which device of fstests the disk stands in for. Only `pool` may be given more than once.";
    };
    sizeMiB = mkOption {
      type = types.ints.positive;
      description = "Its size in MiB. The disk is sparse and lives as long as the guest.";
    };
  };

  section.options = {
    name = mkOption {
      type = types.strMatching "[A-Za-z0-9_-]+";
      description = "What the section is run by: `vmtest run -s NAME`.";
    };
    description = mkOption {
      type = types.str;
      default = "";
      description = "What it is, for lists.";
    };
    fstyp = mkOption {
      type = types.strMatching "[a-z0-9_-]+";
      example = "xfs";
      description = "FSTYP of fstests.";
    };
    mkfsOptions = mkOption {
      type = types.str;
      default = "";
      description = "MKFS_OPTIONS; empty for what the file system's mkfs does by itself.";
    };
    mountOptions = mkOption {
      type = types.str;
      default = "";
      description = "MOUNT_OPTIONS and TEST_FS_MOUNT_OPTS; empty for the default.";
    };
    disks = mkOption {
      type = types.listOf (types.submodule disk);
      description = "The disks the guest gets under this section.";
    };
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Further variables of fstests' local.config.";
    };
    kernelOptions = mkOption {
      type = types.listOf types.str;
      default = [ ];
      description = "Kernel options without which the section is refused before booting.";
    };
    minimumKernel = mkOption {
      type = types.nullOr (types.strMatching "[0-9]+\\.[0-9]+");
      default = null;
      example = "6.12";
      description = "The oldest kernel that can mount it.";
    };
    needs = mkOption {
      type = types.listOf (
        types.enum [
          "pmem"
          "nfs-server"
        ]
      );
      default = [ ];
      description = "What the guest must offer beyond disks.";
    };
    programs = mkOption {
      type = types.attrsOf types.str;
      default = { };
      example = {
        "exportfs" = "nfs-kernel-server";
      };
      description = "Programs without which the guest gives the section up, by name, each with the Debian package that has it.";
    };
    proof = {
      mkfs = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "crc=1" ];
        description = "Regular expressions, each in a line of what making the test file system printed: what ran was this section.";
      };
      mount = mkOption {
        type = types.listOf types.str;
        default = [ ];
        example = [ "type=xfs" ];
        description = "Regular expressions, each a whole mount option of the test file system, or `type=` and its type.";
      };
    };
  };
in
{
  options.services.vmtest = {
    enable = mkOption {
      type = types.bool;
      default = false;
      description = ''
        Make this system a guest of `vmtest`: `config.system.build.vmtestBundle` is then its bundle. The system has no boot loader, no initrd and no kernel of its own any more: the host brings them.
      '';
    };

    kernel = {
      tree = mkOption {
        type = types.nullOr types.str;
        default = null;
        example = literalExpression "builtins.toString ./.";
        description = "A kernel tree to build and test.";
      };
      source = mkOption {
        type = types.raw;
        default = null;
        example = literalExpression "builtins.fetchGit /path/to/linux";
        description = "A kernel source in place of the tree: a path, a fetched source, a flake input.";
      };
      package = mkOption {
        type = types.raw;
        default = null;
        defaultText = literalExpression "config.boot.kernelPackages.kernel";
        description = ''
          A kernel that is built already: a package, or `{ image; release; modules; config; vmlinux; }` with paths. It goes before
          `tree` and `source`; without all three it is the kernel of `boot.kernelPackages`.
        '';
      };
      kconfig = mkOption {
        type = types.nullOr (types.listOf (types.either types.path types.str));
        default = null;
        defaultText = literalExpression ''kernel-vmtest.lib.kconfig.base system ++ [ "systemd" ]'';
        description = "Configuration of a kernel that is built: names of fragments, paths, or text of `CONFIG_…` lines.";
      };
      extraKconfig = mkOption {
        type = types.listOf (types.either types.path types.str);
        default = [ ];
        example = [
          "btrfs"
          "CONFIG_XFS_DEBUG=y"
        ];
        description = "More of the same on top.";
      };
    };

    suites = mkOption {
      type = types.listOf (
        types.enum [
          "smoke"
          "fstests"
          "kselftest"
          "scripts"
        ]
      );
      default = [
        "smoke"
        "fstests"
        "kselftest"
        "scripts"
      ];
      description = "The test suites in the guest, as far as there is a tree of each: `kselftest` by its targets, `scripts` by its source.";
    };

    kselftest.targets = mkOption {
      type = types.listOf types.str;
      default = [ ];
      example = [
        "mount"
        "timens"
      ];
      description = ''
        Targets of the kernel's own selftests (directories of tools/testing/selftests), built from the kernel's tree or source. What they ask of the
        kernel's configuration is built into a kernel that is built.
      '';
    };

    scripts.source = mkOption {
      type = types.nullOr types.path;
      default = null;
      example = literalExpression "./tests";
      description = "A directory of executables of one's own, each a test.";
    };

    fstests.package = mkOption {
      type = types.nullOr types.package;
      default = null;
      defaultText = literalExpression "pkgs.xfstests, built with services.vmtest.xfsprogs.package";
      description = "fstests, as nixpkgs' `xfstests` installs it.";
    };

    xfsprogs.package = mkOption {
      type = types.nullOr types.package;
      default = null;
      defaultText = literalExpression "pkgs.xfsprogs";
      description = "The xfsprogs under test. It is first in PATH.";
    };

    programs = mkOption {
      type = types.attrsOf types.package;
      default = { };
      example = literalExpression "{ btrfs-progs = pkgs.btrfs-progs.overrideAttrs { src = …; }; }";
      description = "Packages that stand for the package set's own of the same name in the guest: `btrfs-progs`, `e2fsprogs`, `f2fs-tools`.";
    };

    sections = mkOption {
      type = types.nullOr (types.listOf (types.coercedTo types.str sections.named (types.submodule section)));
      default = null;
      defaultText = literalExpression "every section of kernel-vmtest";
      example = literalExpression ''
        [ "xfs" { name = "xfs_big"; fstyp = "xfs"; disks = [ { role = "test"; sizeMiB = 20480; } ]; } ]
      '';
      description = "What the tests can be run under, with its disks: names of sections, or sections of one's own.";
    };

    hooks = {
      before = mkOption {
        type = types.lines;
        default = "";
        example = "modprobe zram num_devices=1";
        description = ''
          Shell commands run as root once in each guest, when every service of `multi-user.target` is started and before the
          first test. Where one fails no test runs, and the run says that it could not test. What they print is on the console.
        '';
      };
      after = mkOption {
        type = types.lines;
        default = "";
        description = ''
          Shell commands run as root once in each guest, after its last test. The results are on the host by then, and the guest
          ends after a minute whatever they do; a guest that crashed does not come to them.
        '';
      };
    };

    bootSeconds = mkOption {
      type = types.ints.positive;
      default = 120;
      description = ''
        What the guest may take from its start to the first test, `hooks.before` included, on a real processor. Under emulation, and
        with a debug kernel, it gets as many times more as tests do.
      '';
    };
  };
}
