# The NixOS module: `imports = [ kernel-vmtest.nixosModules.default ]; services.vmtest.enable = true;`.
{
  imports = [
    ./options.nix
    ./guest.nix
  ];
}
