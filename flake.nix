# kernel-vmtest has no inputs: the library takes the package set as an argument, so a user's flake brings the nixpkgs
# it has anyway, and nothing here has to be locked, followed or fetched (docs/adrs/0010).
{
  description = "Boot a VM with the Linux kernel under test and run its test suites";

  outputs =
    { self }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      forSystems =
        function:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = function system;
          }) systems
        );

      # The command without a package set: this source with a link to its script. Node comes from PATH;
      # `lib.mkCommand { inherit pkgs; }` is the same with a Node of nixpkgs.
      command =
        system:
        derivation {
          name = "vmtest";
          system = "builtin";
          builder = "builtin:buildenv";
          derivations = "true 5 1 ${self}/nix/command";
          manifest = "${self}/nix/command/bin/vmtest";
        }
        // {
          inherit system;
          meta.mainProgram = "vmtest";
        };
    in
    {
      lib = import ./nix/lib;

      nixosModules.default = ./nix/nixos;

      templates.default = {
        path = ./examples/kernel-tree;
        description = "A kernel tree's flake: shell and VM tests";
      };

      packages = forSystems (system: {
        vmtest = command system;
        default = command system;
      });

      apps = forSystems (_: {
        default = {
          type = "app";
          program = "${self}/vmtest";
        };
      });
    };
}
