# A VM bundle without inputs: real Nix, with the host's own programs in the place of nixpkgs.
# `vmtest` stages this directory into a work directory beside nix/ (this repository's) and host/ (what the host offers:
# written by src/bundle/offline.ts), and builds it as `path:DIRECTORY#vmtest`. Nothing is fetched, evaluation is pure.
# As the input `nixpkgs` of another flake it lets that flake be evaluated and built without a network.
{
  description = "kernel-vmtest: a bundle made of this machine's own programs";

  outputs =
    { self }:
    let
      pkgs = import ./. { };
      # What builds it: the guest may be of another architecture.
      inherit (pkgs.vmtestHost) system;
    in
    {
      legacyPackages.${system} = pkgs;
      packages.${system} = {
        vmtest = (import ./nix/lib).mkVmTest { inherit pkgs; };
        default = self.packages.${system}.vmtest;
      };
    };
}
