# The flake a kernel tree starts from, only its input's name changed. XFSTESTS is replaced by a git repository.
{
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";
  inputs.kernel-vmtest.url = "github:kernel-vmtest/kernel-vmtest";

  outputs =
    {
      self,
      nixpkgs,
      kernel-vmtest,
    }:
    let
      system = "x86_64-linux";
      pkgs = import nixpkgs { inherit system; };
      xfsprogs-src = pkgs.fetchFromGitHub {
        owner = "someone";
        repo = "xfsprogs-dev";
        rev = "v6.17.0";
        sha256 = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
      };
    in
    {
      devShells.${system}.default = kernel-vmtest.lib.mkLinuxShell {
        inherit pkgs xfsprogs-src;
        root = builtins.toString ./.;
        xfstests-src = fetchGit "XFSTESTS";
      };
      packages.${system}.vmtest = kernel-vmtest.lib.mkVmTest {
        inherit pkgs xfsprogs-src;
        root = builtins.toString ./.;
        xfstests-src = fetchGit "XFSTESTS";
      };
    };
}
