# The kernel nix/lib builds for mkVmTest's usual fragments, from `source`, with the host's own compiler (nix/offline).
{ source, checkout }:
let
  pkgs = import ./host-packages.nix { inherit checkout; };
  kernel = import (checkout + "/nix/lib/kernel.nix") {
    tools = import (checkout + "/nix/lib/pkgs.nix") pkgs;
    kernel = null;
    root = null;
    kernel-src = builtins.path {
      name = "source";
      path = source;
    };
    kconfig = (import (checkout + "/nix/lib/kconfig.nix")).base builtins.currentSystem;
  };
in
pkgs.runCommand "kernel" { inherit (kernel) image config vmlinux; } ''mkdir "$out"; ln -s "$image" "$config" "$vmlinux" "$out/"''
