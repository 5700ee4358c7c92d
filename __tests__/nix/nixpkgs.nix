# What the library makes of a real nixpkgs tree, as the paths of derivations. Evaluated by nixpkgs.test.ts; nothing is
# built. The flakes are called as Nix would call them, without copying nixpkgs into the store.
{
  # The nixpkgs tree, a path.
  nixpkgs,
  # Directories with a flake.nix each: the mission's and the template's.
  mission,
  template,
  system ? "x86_64-linux",
}:
let
  lib = import ../../nix/lib;
  overlays = import ./nixpkgs/gaps.nix nixpkgs;
  pkgs = import nixpkgs {
    inherit system overlays;
    config = { };
  };
  lib' = pkgs.lib;
  outputsOf = outputsWith lib;
  outputsWith =
    lib: directory:
    (import (directory + "/flake.nix")).outputs {
      self = { };
      kernel-vmtest = { inherit lib; };
      # Of a flake input these two are used.
      nixpkgs = {
        outPath = ./nixpkgs;
        legacyPackages.${system} = pkgs;
      };
    };
  # What a user's module does: a service, a package, hooks, a section, another kernel.
  ownModule =
    { config, pkgs, ... }:
    {
      services.nfs.server.enable = true;
      services.nfs.server.exports = "/mnt/test *(rw)";
      boot.kernelPackages = pkgs.linuxPackages_latest;
      environment.systemPackages = [ pkgs.strace ];
      services.vmtest = {
        bootSeconds = 300;
        hooks.before = "echo ${config.networking.hostName}";
        hooks.after = "dmesg | tail";
        kernel.extraKconfig = [ "btrfs" ];
        sections = [
          "xfs"
          {
            name = "xfs_big";
            fstyp = "xfs";
            disks = [
              {
                role = "test";
                sizeMiB = 20480;
              }
            ];
          }
        ];
      };
    };
  nixosModule = import (nixpkgs + "/nixos/lib/eval-config.nix") {
    inherit system;
    modules = [
      { nixpkgs.overlays = overlays; }
      ../../nix/nixos
      { services.vmtest.enable = true; }
    ];
  };
  rejected =
    module:
    !(builtins.tryEval
      (lib.mkNixosVmTest {
        inherit pkgs;
        modules = [ module ];
      }).drvPath
    ).success;

  ofFlake =
    name: outputs:
    let
      bundle = outputs.packages.${system}.vmtest;
    in
    {
      "${name}: shell" = outputs.devShells.${system}.default.drvPath;
      "${name}: bundle" = bundle.drvPath;
      "${name}: guest" = bundle.guest.drvPath;
      "${name}: counting" = (bundle.withCoverage [ "fs/xfs" ]).drvPath;
    };
  aarch64 = import nixpkgs {
    system = "aarch64-linux";
    config = { };
    inherit overlays;
  };

  mistakes = {
    "a section nobody knows" = {
      services.vmtest.sections = [ "zfs" ];
    };
    "a disk's role misspelt" = {
      services.vmtest.sections = [
        {
          name = "a";
          fstyp = "xfs";
          disks = [
            {
              role = "tset";
              sizeMiB = 1;
            }
          ];
        }
      ];
    };
    "an option that does not exist" = {
      services.vmtest.hook = "true";
    };
    "modules of another kernel" = {
      boot.extraModulePackages = [ pkgs.hello ];
    };
    "no suite" = {
      services.vmtest.suites = [ ];
    };
  };
in
ofFlake "mission" (outputsOf mission)
// ofFlake "template" (outputsOf template)
// ofFlake "template with a NixOS guest" (
  outputsWith (
    lib
    // {
      mkVmTest = arguments: lib.mkNixosVmTest (arguments // { modules = [ ownModule ]; });
    }
  ) template
)
// {
  # What fstests' configure is to find, and what the guest has beyond the binaries of packages.
  "inputs of fstests" =
    let
      package = (import ../../nix/lib/pkgs.nix pkgs).xfstests {
        src = ./.;
        xfsprogs = pkgs.xfsprogs;
      };
    in
    map lib'.getName (package.buildInputs ++ package.nativeBuildInputs);
  "programs of the table that this nixpkgs lacks" =
    let
      tools = import ../../nix/lib/tools/programs.nix;
      has =
        entry:
        let
          package = builtins.tryEval (lib'.attrByPath entry.path null pkgs);
        in
        package.success
        && package.value != null
        && (builtins.tryEval "${package.value}").success
        && (entry.outputs == null || builtins.any (output: package.value ? ${output}) entry.outputs);
    in
    map (entry: builtins.concatStringsSep "." entry.path) (builtins.filter (entry: !(has entry)) tools);
  # Built from a user's git trees, each stands for nixpkgs' own; patches and edits of nixpkgs are tried, not required.
  "file systems' programs from sources" =
    let
      tools = import ../../nix/lib/pkgs.nix pkgs;
      commit = { outPath = ./.; rev = "0123456789abcdef0123456789abcdef01234567"; };
      packages = import ../../nix/lib/replaced.nix tools {
        btrfs-progs-src = commit;
        e2fsprogs-src = commit;
        f2fs-tools-src = commit;
      };
    in
    lib'.mapAttrs (name: package: {
      inherit (package) version patches;
      derivation = package.drvPath;
      replaces =
        let
          guest = tools.guestPackages packages;
        in
        builtins.any (one: "${one}" == "${package.bin or package.out}") guest
        && builtins.all (one: "${one}" != "${pkgs.${name}.bin or pkgs.${name}.out}") guest;
    }) packages;
  "bundle with programs from sources" = (lib.mkVmTest {
    inherit pkgs;
    btrfs-progs-src = ./.;
    e2fsprogs-src = ./.;
    f2fs-tools-src = ./.;
  }).drvPath;
  "clang shell" = (lib.mkLinuxShell {
    inherit pkgs;
    compiler = "clang";
  }).drvPath;
  "everything of the package set" = (lib.mkVmTest { inherit pkgs; }).drvPath;
  "NixOS guest of the package set" = (lib.mkNixosVmTest { inherit pkgs; }).drvPath;
  "aarch64 bundle" = (lib.mkVmTest { pkgs = aarch64; }).drvPath;
  "aarch64 NixOS guest" = (lib.mkNixosVmTest { pkgs = aarch64; }).drvPath;
  "NixOS module by itself" = nixosModule.config.system.build.vmtestBundle.drvPath;
  # What the options' types are for. A list of what was wrongly accepted.
  accepted = builtins.filter (name: !(rejected mistakes.${name})) (builtins.attrNames mistakes);
  options = import ../../nix/nixos/describe.nix { inherit (pkgs) lib; };
  "command" = (lib.mkCommand { inherit pkgs; }).drvPath;
}
