# The host's own programs under nixpkgs' names, taken as nixpkgs is: `import THIS { inherit system; }`.
{ ... }:
import ./nix/offline {
  host = builtins.fromJSON (builtins.readFile ./host/host.json);
  manifest = ./host;
}
