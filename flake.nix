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

      # A program without a package set: a directory of this source behind links (`builtin:buildenv`).
      linked =
        system: name: directory:
        derivation {
          inherit name;
          system = "builtin";
          builder = "builtin:buildenv";
          derivations = "true 5 1 ${self}/${directory}";
          manifest = "${self}/${directory}/bin/${name}";
        }
        // {
          inherit system;
          meta.mainProgram = name;
        };

      # Node comes from PATH; `lib.mkCommand { inherit pkgs; }` is the same with a Node of nixpkgs.
      command = system: linked system "vmtest" "nix/command";
    in
    {
      lib = import ./nix/lib;

      nixosModules.default.imports = [ ./nix/nixos ];

      templates.default = {
        path = ./examples/kernel-tree;
        description = "A kernel tree's flake: shell and VM tests";
      };

      packages = forSystems (system: {
        vmtest = command system;
        default = command system;
      });

      # The library's unit tests: to evaluate them is to run them.
      checks = forSystems (
        system:
        let
          failed = import ./__tests__/nix/library.nix;
        in
        {
          library =
            if failed == [ ] then
              command system
            else
              throw "kernel-vmtest: failed: ${builtins.concatStringsSep ", " failed}";
        }
      );

      # For work on this repository: `nix fmt`, with the nixfmt on PATH.
      formatter = forSystems (system: linked system "format-nix" "nix/formatter");

      apps = forSystems (_: {
        default = {
          type = "app";
          program = "${self}/vmtest";
        };
      });
    };
}
