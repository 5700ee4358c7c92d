# The one place that touches a package set: nixpkgs, or nix/offline's look-alike made of the host's programs.
# Everything else in nix/lib uses only the names defined here, so that a change in nixpkgs is a change in one file.
pkgs:
let
  host = pkgs.vmtestHost or null;
  onHost = host != null;
in
{
  inherit (pkgs.stdenv.hostPlatform) system;

  # A derivation whose builder has mkfs.erofs and cpio on PATH. `script` is a shell script's path.
  runScript =
    name: environment: script:
    pkgs.runCommand name (
      environment // { nativeBuildInputs = if onHost then [ ] else [ pkgs.erofs-utils pkgs.cpio ]; }
    ) ''source ${script}'';

  inherit (pkgs) writeText;

  # A static busybox: the base initramfs' only program.
  busybox = if onHost then host.busybox else "${pkgs.pkgsStatic.busybox}/bin/busybox";

  # QEMU for the guest's architecture, or null: the host's own on PATH.
  qemu = if onHost then host.qemu else "${pkgs.qemu_kvm}/bin/qemu-system-x86_64";

  # { populate; path; revisions }: a command that fills the current directory with the guest's programs, and their PATH.
  guestPrograms =
    packages:
    if onHost then
      {
        inherit (host) populate;
        path = host.guestPath;
      }
    else
      throw "to be written";

  # { image; release; modules; config; version }.
  defaultKernel =
    let
      kernel = pkgs.linux;
    in
    {
      inherit (kernel) image version;
      release = kernel.modDirVersion;
      modules = "${kernel}";
      config = kernel.configfile;
    };
  revisions = if onHost then host.revisions else { };
}
