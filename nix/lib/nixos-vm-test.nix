# mkNixosVmTest: mkVmTest's bundle with a whole NixOS system as the guest. `modules` are any NixOS modules; the other
# arguments are mkVmTest's and set the options of the same meaning (nix/nixos/options.nix), which modules may override.
{
  pkgs,
  modules ? [ ],
  root ? null,
  kernel-src ? null,
  kernel ? null,
  kconfig ? null,
  extra-kconfig ? [ ],
  xfstests-src ? null,
  xfsprogs-src ? null,
  kselftest-targets ? [ ],
  scripts-src ? null,
  btrfs-progs-src ? null,
  e2fsprogs-src ? null,
  f2fs-tools-src ? null,
  blktests-src ? null,
  ltp-src ? null,
  unionmount-testsuite-src ? null,
  packages ? [ ],
  sections ? null,
  ...
}@arguments:
let
  tools = import ./pkgs.nix pkgs;

  xfsprogs = tools.xfsprogs xfsprogs-src;
  given =
    { lib, ... }:
    {
      environment.systemPackages = packages;
      services.vmtest = {
        enable = true;
        kernel = {
          tree = lib.mkIf (root != null) (lib.mkDefault root);
          source = lib.mkIf (kernel-src != null) (lib.mkDefault kernel-src);
          package = lib.mkIf (kernel != null) (lib.mkDefault kernel);
          kconfig = lib.mkIf (kconfig != null) (lib.mkDefault kconfig);
          extraKconfig = extra-kconfig;
        };
        xfsprogs.package = lib.mkIf (xfsprogs-src != null) (lib.mkDefault xfsprogs);
        fstests.package = lib.mkIf (xfstests-src != null) (
          lib.mkDefault (
            tools.xfstests {
              src = xfstests-src;
              inherit xfsprogs;
            }
          )
        );
        kselftest.targets = lib.mkIf (kselftest-targets != [ ]) (
          lib.mkDefault (
            if builtins.isString kselftest-targets then
              builtins.filter (word: builtins.isString word && word != "") (
                builtins.split "[[:space:],]+" kselftest-targets
              )
            else
              kselftest-targets
          )
        );
        scripts.source = lib.mkIf (scripts-src != null) (lib.mkDefault scripts-src);
        programs = lib.mapAttrs (_: lib.mkDefault) (import ./replaced.nix tools arguments);
        sections = lib.mkIf (sections != null) (lib.mkDefault sections);
      };
    };
  system = tools.nixosSystem ([
    ../nixos
    given
  ]
  ++ modules);
  # Silently without a suite that was asked for would be worse than not at all.
  given' = builtins.filter (name: arguments.${name} or null != null) [
    "blktests-src"
    "ltp-src"
    "unionmount-testsuite-src"
  ];
in
if given' != [ ] then
  throw "kernel-vmtest: mkNixosVmTest has no use for ${builtins.concatStringsSep ", " given'}; use mkVmTest, or give the built tree to vmtest run."
else
import ./check-arguments.nix "mkNixosVmTest" (import ./arguments.nix ++ [ "modules" ]) arguments (
  system.config.system.build.vmtestBundle // { inherit (system) config options; }
)
