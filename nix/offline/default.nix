# A package set with nixpkgs' attribute names, made of the host's own programs: what nix/lib asks of `pkgs`, and no more.
# `host` is host.json, `manifest` the directory that holds it with host-files.sha256, host-links.txt and etc/.
# Host files are tracked by content: their hashes are in the derivations' inputs and checked by the builders. Only what
# compiles (linuxManualConfig, xfsprogs and xfstests from sources) takes the host's compiler as it is.
{ host, manifest }:
let
  # What nixpkgs' functions take and a builder of ours has no use for.
  notEnvironment = [
    "nativeBuildInputs"
    "buildInputs"
    "meta"
    "passthru"
    "phases"
    "dontUnpack"
  ];

  # Builders see the host's /bin, /usr and /lib only (sandbox-paths); never /etc, so no alternatives: real names only.
  runCommand =
    name: attrs: script:
    derivation (
      removeAttrs attrs notEnvironment
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
    )
    // (attrs.passthru or { });

  writeText =
    name: text:
    runCommand name {
      inherit text;
      passAsFile = [ "text" ];
    } ''cp "$textPath" "$out"'';

  # A guest of another architecture is made of packages; what builds it is this machine.
  guestSystem = host.guestSystem or host.system;

  stdenv = {
    hostPlatform = {
      system = guestSystem;
    };
    mkDerivation = { name, buildPhase, ... }@attrs: runCommand name (removeAttrs attrs [ "name" "buildPhase" ]) buildPhase;
  };

  # One file of the work directory as a store path of its own, so that other files' changes do not touch it.
  narrow = name: builtins.toFile name (builtins.readFile (manifest + "/${name}"));

  fetchHostFile =
    {
      url,
      sha256,
      name ? baseNameOf url,
    }:
    builtins.fetchurl { inherit url sha256 name; };

  # The distribution's kernel, taken out of its packages.
  linux =
    let
      package = runCommand "linux-${host.kernel.release}" {
        archives = map fetchHostFile host.kernel.archives;
        inherit (host.kernel) release;
      } "source ${./kernel-package.sh}";
    in
    package
    // {
      inherit (host.kernel) version;
      modDirVersion = host.kernel.release;
      image = "${package}/image";
      config = "${package}/config";
      modules = "${package}";
    };

  # A kernel built from source with the host's compiler.
  linuxManualConfig =
    {
      src,
      version,
      modDirVersion,
      configfile,
      compilation,
      counting ? { },
      ...
    }:
    let
      package = runCommand "linux-${version}" (
        counting
        // {
          inherit src configfile;
          inherit (compilation)
            kernelTree
            ccache
            counters
            objectTree
            ccacheDirectory
            ;
          release = modDirVersion;
        }
      ) "source ${./kernel-source.sh}";
    in
    package
    // {
      inherit version modDirVersion;
      image = "${package}/image";
      config = "${package}/config";
      modules = null;
      vmlinux = "${package}/vmlinux";
    };

  # A package that exists only once it is given a source.
  fromSource =
    name: script:
    let
      package = {
        override = _: package;
        overrideAttrs =
          change:
          let
            attrs = change { };
          in
          runCommand "${name}-${attrs.version}" {
            inherit (attrs) src;
            program = name;
            alternatives = ./alternatives.sh;
          } "source ${script}";
      };
    in
    package;

  mkShell = {
    override = _: mkShell;
    __functor =
      _: attrs:
      runCommand attrs.name (
        removeAttrs attrs [ "name" ]
        // {
          # `nix develop` reads this variable to learn where to write the environment.
          outputs = [ "out" ];
          tools = attrs.nativeBuildInputs or [ ];
          shellHook = ''
            for tool in $tools; do PATH=$tool/bin:$PATH; done
            ${attrs.shellHook or ""}
          '';
        }
      ) ''echo "$tools" >"$out"'';
  };

  fetchFromGitHub =
    {
      owner,
      repo,
      rev ? tag,
      tag ? null,
      hash ? sha256,
      sha256 ? "",
      ...
    }:
    runCommand "${repo}-source"
      {
        outputHashMode = "recursive";
        outputHashAlgo = if builtins.match "sha256-.*" hash == null then "sha256" else null;
        outputHash = hash;
        url = "https://github.com/${owner}/${repo}/archive/${rev}.tar.gz";
        passthru = {
          shortRev = builtins.substring 0 12 rev;
        };
      }
      ''
        mkdir "$out"
        curl --fail --silent --show-error --location "$url" | tar -xz --strip-components=1 -C "$out"
      '';
in
{
  inherit
    runCommand
    writeText
    stdenv
    linux
    linuxManualConfig
    mkShell
    fetchFromGitHub
    ;
  lib.version = "host";
  xfsprogs = fromSource "xfsprogs" ./xfsprogs.sh;
  btrfs-progs = fromSource "btrfs-progs" ./programs-from-source.sh;
  e2fsprogs = fromSource "e2fsprogs" ./programs-from-source.sh;
  f2fs-tools = fromSource "f2fs-tools" ./programs-from-source.sh;
  xfstests = fromSource "xfstests" ./xfstests.sh;

  # Marks this set for nix/lib/pkgs.nix: the guest gets the host's tree instead of a closure of packages.
  vmtestHost = {
    inherit (host) qemu revisions system;
    node = "node";
    # A fetched file is not executable, and busybox goes by the name it is called under.
    busybox = "${
      runCommand "busybox" { file = fetchHostFile host.busybox; } ''
        mkdir -p "$out/bin"
        case $file in
          *.deb) dpkg-deb --fsys-tarfile "$file" | tar -x --to-stdout --wildcards './*bin/busybox' >"$out/bin/busybox" ;;
          *) cp "$file" "$out/bin/busybox" ;;
        esac
        chmod 0555 "$out/bin/busybox"
      ''
    }/bin/busybox";
    guestPrograms = packages: {
      environment = {
        inherit packages;
        archives = map fetchHostFile (host.packages or [ ]);
        files = narrow "host-files.sha256";
        links = narrow "host-links.txt";
        hostEtc = builtins.path {
          name = "host-etc";
          path = manifest + "/etc";
        };
      };
      script = if host ? packages then ./populate-packages.sh else ./populate-root.sh;
      path = [
        "/usr/sbin"
        "/usr/bin"
      ];
    };
  };
}
