# The one place that touches a package set. Everything else in nix/lib uses only the names that both of these files
# define, so that a change in nixpkgs is a change in one file.
pkgs: (if pkgs ? vmtestHost then import ./tools/host.nix else import ./tools/nixpkgs.nix) pkgs
