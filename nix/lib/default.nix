# The library: functions that take a package set as an argument. It depends on nothing but Nix itself.
{
  mkVmTest = import ./vm-test.nix;
}
