# The built-in smoke suite: its files as a store path of their own, and its catalogue.
{ tools }:
let
  source = builtins.path {
    name = "smoke-suite";
    path = ../suites/smoke;
  };
in
{
  inherit source;
  catalogue = import ./catalogue.nix {
    inherit tools source;
    suite = "smoke";
  };
}
