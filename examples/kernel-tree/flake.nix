# Work on this kernel tree and test it in a VM: https://github.com/kernel-vmtest/kernel-vmtest
# One file, copied from tree to tree; it need never be part of the kernel. Every argument has a default.
{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
    kernel-vmtest.url = "github:kernel-vmtest/kernel-vmtest";
  };

  outputs =
    {
      self,
      nixpkgs,
      kernel-vmtest,
    }:
    let
      system = "x86_64-linux";
      pkgs = nixpkgs.legacyPackages.${system};

      tree = {
        inherit pkgs;
        root = builtins.toString ./.;

        # What else is under work here. Left out: the package set's own.
        # xfstests-src = builtins.fetchGit /path/to/xfstests-dev;
        # xfsprogs-src = builtins.fetchGit /path/to/xfsprogs-dev;

        # More of the kernel's configuration: names of fragments, or options.
        # extra-kconfig = [ "btrfs" "kasan" "CONFIG_XFS_DEBUG=y" ];

        # sections = [ "xfs" "ext4" ];
      };
    in
    {
      devShells.${system}.default = kernel-vmtest.lib.mkLinuxShell tree;
      packages.${system}.vmtest = kernel-vmtest.lib.mkVmTest tree;
    };
}
