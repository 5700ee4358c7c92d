# The library: functions that take a package set as an argument. It depends on nothing but Nix itself.
let
  kconfig = import ./kconfig.nix;
in
{
  mkVmTest = import ./vm-test.nix;
  mkNixosVmTest = import ./nixos-vm-test.nix;
  mkLinuxShell = import ./linux-shell.nix;
  mkCommand = import ./command.nix;
  inherit kconfig;
  sections = import ./sections.nix;
  kernelVersion = import ./kernel-version.nix;
}
