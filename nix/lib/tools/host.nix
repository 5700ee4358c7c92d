# What the library needs, of nix/offline's package set: the host's own programs. nixpkgs.nix defines the same names.
pkgs:
let
  host = pkgs.vmtestHost;
  inherit (pkgs.stdenv.hostPlatform) system;
  sources = import ./source.nix;
  compilation = import ./compilation.nix;
  # Packages that exist only once they are given a source.
  fromSource = builtins.listToAttrs (
    map
      (name: {
        inherit name;
        value =
          src:
          if src == null then
            null
          else
            pkgs.${name}.overrideAttrs (_: {
              inherit src;
              version = sources.version src;
            });
      })
      [
        "xfsprogs"
        "btrfs-progs"
        "e2fsprogs"
        "f2fs-tools"
        "xfstests"
      ]
  );
  noSystem = throw "kernel-vmtest: mkNixosVmTest needs nixpkgs, which has NixOS; the package set given is made of the host's own programs.";
in
{
  inherit system;
  architecture = builtins.head (builtins.split "-" system);
  onHost = true;
  inherit (pkgs) writeText runCommand;
  inherit (host)
    busybox
    qemu
    node
    revisions
    ;

  runScript =
    name: environment: script:
    pkgs.runCommand name environment "source ${script}";

  guestPrograms =
    {
      first,
      replaced,
      extra,
    }:
    host.guestPrograms (first ++ builtins.attrValues replaced ++ extra);

  # A whole system takes packages, and these programs are none.
  guestPackages = _: [ ];
  firstPackages = [ ];
  systemPrograms = _: noSystem;
  agentUnit = noSystem;
  nixosSystem = _: noSystem;

  inherit (fromSource)
    xfsprogs
    btrfs-progs
    e2fsprogs
    f2fs-tools
    ;
  xfstests = { src, ... }: fromSource.xfstests src;
  xfstestsTree = package: "${package}/lib/xfstests";

  kselftest =
    { src, targets }:
    pkgs.stdenv.mkDerivation {
      name = "kselftest";
      inherit src targets;
      buildPhase = "source ${../kselftest.sh}";
    };

  blktests =
    src:
    pkgs.runCommand "blktests-${sources.version src}" {
      inherit src;
      alternatives = ../../offline/alternatives.sh;
    } "source ${../../offline/blktests.sh}";
  ltp =
    src:
    pkgs.runCommand "ltp-${sources.version src}" {
      inherit src;
      alternatives = ../../offline/alternatives.sh;
    } "source ${../../offline/ltp.sh}";

  kernelConfig =
    {
      src,
      version,
      fragments,
    }:
    pkgs.stdenv.mkDerivation {
      name = "linux-${version}.config";
      inherit src fragments;
      inherit (compilation) kernelTree ccache ccacheDirectory;
      buildPhase = "source ${../kernel-config.sh}";
    };

  buildKernel =
    {
      src,
      version,
      configfile,
      # Variables of its builder (coverage.nix).
      counting ? { },
    }:
    pkgs.linuxManualConfig {
      inherit
        src
        version
        configfile
        compilation
        counting
        ;
      modDirVersion = version;
    };

  # Reads what the compiler of kernels counts: a name, which the host has.
  gcov = "gcov";

  describeKernel = kernel: {
    inherit (kernel)
      image
      version
      modules
      config
      ;
    release = kernel.modDirVersion;
    vmlinux = kernel.vmlinux or null;
  };
  defaultKernel = pkgs.linux;

  mkShell =
    {
      packages,
      environment,
      shellHook,
      ...
    }:
    pkgs.mkShell (
      environment
      // {
        name = "kernel-vmtest";
        nativeBuildInputs = packages;
        inherit shellHook;
      }
    );
}
