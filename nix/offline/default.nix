# A package set with nixpkgs' attribute names, made of the host's own programs: what nix/lib asks of `pkgs`, and no more.
# `host` is host.json, `manifest` the directory that holds it with host-files.sha256 and host-links.txt.
# Host files are tracked by content: their hashes are in the derivations' inputs and checked by the builders.
{ host, manifest }:
let
  # Builders see the host's /bin, /usr and /lib only (sandbox-paths); never /etc, so no alternatives: real names only.
  runCommand =
    name: attrs: script:
    let
      environment = removeAttrs attrs [
        "nativeBuildInputs"
        "meta"
        "passthru"
      ];
      built = derivation (
        environment
        // {
          inherit name;
          inherit (host) system;
          builder = host.shell;
          # The last command is the shell's own: `bash -c` would exec the last program, and one that closes its output
          # before it exits (coreutils do) is taken for finished and killed by Nix: a build that fails now and then.
          args = [
            "-euc"
            "${script}\n:\n"
          ];
          PATH = builtins.concatStringsSep ":" host.path;
          LC_ALL = "C";
        }
      );
    in
    built // (attrs.passthru or { });

  writeText = name: text: runCommand name {
    inherit text;
    passAsFile = [ "text" ];
  } ''cp "$textPath" "$out"'';

  # One file of the work directory as a store path of its own, so that other files' changes do not touch it.
  narrow = name: builtins.toFile name (builtins.readFile (manifest + "/${name}"));

  fetchHostFile =
    { url, sha256 }: builtins.fetchurl { inherit url sha256; };

  kernel =
    runCommand "linux-${host.kernel.release}"
      {
        archives = map fetchHostFile host.kernel.archives;
        inherit (host.kernel) release;
        passthru = {
          inherit (host.kernel) version;
          modDirVersion = host.kernel.release;
          image = "${kernel}/image";
          configfile = "${kernel}/config";
        };
      }
      ''exec ${host.shell} ${./kernel.sh}'';
in
{
  inherit runCommand writeText;
  stdenv.hostPlatform = {
    inherit (host) system;
  };
  linux = kernel;

  # Marks this set for nix/lib/pkgs.nix: the guest gets the host's tree instead of a closure of packages.
  vmtestHost = {
    inherit (host) qemu;
    guestPath = [
      "/usr/sbin"
      "/usr/bin"
    ];
    inherit (host) revisions;
    # A fetched file is not executable, and busybox goes by the name it is called under.
    busybox = "${
      runCommand "busybox" { file = fetchHostFile host.busybox; } ''
        mkdir -p "$out/bin"
        cp "$file" "$out/bin/busybox"
        chmod 0555 "$out/bin/busybox"
      ''
    }/bin/busybox";
    # Run by the builder of the root image, in the directory that becomes the guest's root.
    populate = builtins.concatStringsSep " " [
      host.shell
      "${./populate-root.sh}"
      (narrow "host-files.sha256")
      (narrow "host-links.txt")
      (builtins.path {
        name = "host-etc";
        path = manifest + "/etc";
      })
    ];
  };
}
