# The packages of nix/offline made of this machine's own programs, for kernels that are built to be compared.
{
  checkout,
  # Directories in front of the builder's PATH.
  path ? [ ],
}:
import (checkout + "/nix/offline") {
  host = {
    system = builtins.currentSystem;
    shell = "/bin/bash";
    path = path ++ [
      "/usr/bin"
      "/bin"
      "/usr/sbin"
      "/sbin"
    ];
    revisions = { };
    qemu = null;
  };
  manifest = ./.;
}
