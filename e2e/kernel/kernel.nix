# A small kernel of `source` with fs/xfs in it, as nix/lib builds it of the host's own programs: what prove.sh builds twice.
{
  source,
  checkout,
  # Further options, as text.
  options ? "",
  # Directories in front of the builder's PATH.
  path ? [ ],
  # Directories that count which of their lines run.
  counted ? [ ],
}:
let
  pkgs = import (checkout + "/bench/kernel/host-packages.nix") { inherit checkout path; };
  tools = import (checkout + "/nix/lib/pkgs.nix") pkgs;
  kconfig = import (checkout + "/nix/lib/kconfig.nix");
  src = builtins.path {
    name = "source";
    path = source;
  };
  fragments = [
    ''
      CONFIG_64BIT=y
      CONFIG_BLOCK=y
      CONFIG_PRINTK=y
      CONFIG_KALLSYMS=y
      CONFIG_UNWINDER_ORC=y
      CONFIG_BINFMT_ELF=y
      CONFIG_IKCONFIG=y
      CONFIG_XFS_FS=y
    ''
  ]
  ++ (if options == "" then [ ] else [ options ]);
  version = import (checkout + "/nix/lib/kernel-release.nix") {
    tree = src;
    fragments = map kconfig.textOf fragments;
  };
in
tools.buildKernel {
  inherit src version;
  counting = (import (checkout + "/nix/lib/coverage.nix")).environment counted;
  configfile = tools.kernelConfig {
    inherit src version;
    fragments = map kconfig.fragment fragments;
  };
}
