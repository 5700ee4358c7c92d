# A VM bundle without inputs: real Nix, with the host's own programs in the place of nixpkgs.
# `vmtest` stages this file into a work directory beside nix/ (this repository's) and host/ (what the host offers:
# written by src/build/offline.ts), and builds it as `path:DIRECTORY#vmtest`. Nothing is fetched, evaluation is pure.
{
  description = "kernel-vmtest: a bundle made of this machine's own programs";

  outputs =
    { self }:
    let
      lib = import ./nix/lib;
      pkgs = import ./nix/offline {
        host = builtins.fromJSON (builtins.readFile ./host/host.json);
        manifest = ./host;
      };
      system = pkgs.stdenv.hostPlatform.system;
    in
    {
      packages.${system} = {
        vmtest = lib.mkVmTest { inherit pkgs; };
        default = self.packages.${system}.vmtest;
      };
    };
}
