# The tree that VMTEST_NIXPKGS names, as flakes import it, with its gaps filled.
{
  overlays ? [ ],
  ...
}@arguments:
let
  nixpkgs = /. + builtins.getEnv "VMTEST_NIXPKGS";
in
import nixpkgs (arguments // { overlays = import ./gaps.nix nixpkgs ++ overlays; })
