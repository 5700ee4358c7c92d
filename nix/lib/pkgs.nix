# The one place that touches a package set: nixpkgs, or nix/offline's look-alike made of the host's programs.
# Everything else in nix/lib uses only the names defined here, so that a change in nixpkgs is a change in one file.
pkgs:
let
  host = pkgs.vmtestHost or null;
  onHost = host != null;
  inherit (pkgs.stdenv.hostPlatform) system;
  architecture = builtins.head (builtins.split "-" system);

  # Packages of these names that the set has and can evaluate: nixpkgs renames, drops (an alias that throws) and marks
  # some as broken over the years.
  present = names: builtins.filter usable (map (name: pkgs.${name} or null) names);
  usable = package: (builtins.tryEval (package != null && "${package}" != "")).value;

  # The output with the programs.
  programsOf = package: package.bin or package.out or package;

  # What fstests and the smoke suite call (fstests' README and the *_PROG variables of its common/config).
  guestPackages = [
    "bashInteractive"
    "coreutils"
    "util-linux"
    "findutils"
    "gnugrep"
    "gnused"
    "gawk"
    "perl"
    "bc"
    "diffutils"
    "psmisc"
    "procps"
    "kmod"
    "lvm2"
    "keyutils"
    "e2fsprogs"
    "btrfs-progs"
    "f2fs-tools"
    "xfsdump"
    "attr"
    "acl"
    "quota"
    "fio"
    "dbench"
    "duperemove"
    "libcap"
    "which"
    "time"
    "hostname"
    "gnutar"
    "gzip"
    "xz"
    "file"
    "shadow"
    "openssl"
    "thin-provisioning-tools"
    "nfs-utils"
    "fsverity-utils"
    "killall"
    "python3"
  ];

  # Kernel development: build, check, send, debug.
  shellPackages = [
    "bc"
    "bison"
    "flex"
    "cpio"
    "perl"
    "pahole"
    "kmod"
    "rsync"
    "zstd"
    "gnumake"
    "pkg-config"
    "ccache"
    "sparse"
    "smatch"
    "coccinelle"
    "b4"
    "codespell"
    "gdb"
    "drgn"
    "trace-cmd"
    "python3"
    "git"
    "qemu_kvm"
    "erofs-utils"
  ];
  # Scripts of builders that compile a kernel, and where they look for ccache's directory: beside the store's database, which
  # whoever may build can make there, or a sandbox be given (docs/flake.md).
  compilation = {
    kernelTree = ./kernel-tree.sh;
    ccache = ./ccache.sh;
    ccacheDirectory = "${builtins.dirOf builtins.storeDir}/var/kernel-vmtest/ccache";
  };
  # Libraries the kernel's own programs link with.
  shellLibraries = [
    "elfutils"
    "openssl"
    "ncurses"
    "zlib"
  ];
in
{
  inherit system architecture onHost;
  inherit (pkgs) writeText;

  # A derivation whose builder has mkfs.erofs, cpio and the usual programs on PATH. `script` is a shell script's path.
  runScript =
    name: environment: script:
    pkgs.runCommand name (
      environment
      // {
        nativeBuildInputs =
          if onHost then
            [ ]
          else
            [
              pkgs.erofs-utils
              pkgs.cpio
            ];
      }
    ) "source ${script}";

  # A static busybox: the base initramfs' only program.
  busybox = if onHost then host.busybox else "${pkgs.pkgsStatic.busybox}/bin/busybox";

  # QEMU for the guest's architecture, or null: the one on the host's PATH.
  qemu = if onHost then host.qemu else "${pkgs.qemu_kvm}/bin/qemu-system-${architecture}";

  # { environment; script; path; }: `script`, run by a builder with `environment`, fills the current directory with
  # the guest's programs; `path` is the guest's PATH.
  guestPrograms =
    {
      # Packages in front of the usual ones: the user's xfsprogs.
      first,
      extra,
    }:
    if onHost then
      host.guestPrograms (first ++ extra)
    else
      let
        programs = pkgs.buildEnv {
          name = "vmtest-programs";
          paths = map programsOf (first ++ extra ++ present guestPackages);
          pathsToLink = [
            "/bin"
            "/sbin"
          ];
          ignoreCollisions = true;
        };
      in
      {
        environment = {
          inherit programs;
          closure = pkgs.closureInfo { rootPaths = [ programs ] ++ first; };
        };
        script = ./populate-closure.sh;
        path = [
          "/bin"
          "/sbin"
        ];
      };

  # The packages themselves, for a guest that is put together by NixOS.
  guestPackages = present guestPackages;

  # As guestPrograms, for a whole system: its closure and that of further packages.
  systemPrograms =
    { system, packages }:
    {
      environment = {
        inherit system;
        closure = pkgs.closureInfo { rootPaths = [ system ] ++ packages; };
      };
      script = ./populate-system.sh;
    };

  # The unit that starts the agent, as a package for `systemd.packages`.
  agentUnit = pkgs.runCommand "vmtest-agent-unit" { } ''
    install -D -m 0444 ${../guest/vmtest-agent.service} "$out/lib/systemd/system/vmtest-agent.service"
  '';

  # A NixOS system of modules: { config; options; … }.
  nixosSystem =
    modules:
    if onHost || !(pkgs ? path) then
      throw "kernel-vmtest: mkNixosVmTest needs nixpkgs, which has NixOS; the package set given is made of the host's own programs."
    else
      import (pkgs.path + "/nixos/lib/eval-config.nix") {
        inherit pkgs modules;
        system = null;
      };

  # The user's xfsprogs; null `src`: the package set's, or null where the host's own programs serve.
  xfsprogs =
    src:
    if src == null then
      (if onHost then null else pkgs.xfsprogs)
    else
      pkgs.xfsprogs.overrideAttrs (_: {
        inherit src;
        version = src.shortRev or "local";
      });

  # The user's fstests, built against the same xfsprogs; null `src`: the package set's, or null where it has none.
  xfstests =
    { src, xfsprogs }:
    let
      package = pkgs.xfstests.override {
        inherit xfsprogs;
        libxfs = xfsprogs.dev or xfsprogs;
      };
    in
    if !(pkgs ? xfstests) || (src == null && onHost) then
      null
    else if src == null then
      package
    else
      package.overrideAttrs (_: {
        inherit src;
        version = src.shortRev or "local";
      });
  # Where `check` lies in that package.
  xfstestsTree = package: "${package}/lib/xfstests";

  # A .config for a source tree, from fragments, by the tree's own scripts.
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
      nativeBuildInputs = present [
        "flex"
        "bison"
        "perl"
        "bc"
        "ccache"
      ];
      dontUnpack = true;
      phases = [ "buildPhase" ];
      buildPhase = "source ${./kernel-config.sh}";
    };

  # Built in throughout: no modules (nix/kconfig/base.config), so nothing of the configuration is needed to evaluate.
  buildKernel =
    {
      src,
      version,
      configfile,
    }:
    let
      kernel = pkgs.linuxManualConfig (
        {
          inherit src version configfile;
          inherit (pkgs) lib stdenv;
          modDirVersion = version;
          config = { };
        }
        // (if onHost then { inherit compilation; } else { })
      );
    in
    if onHost then
      kernel
    else
      kernel.overrideAttrs (previous: {
        inherit (compilation) kernelTree ccache ccacheDirectory;
        nativeBuildInputs = (previous.nativeBuildInputs or [ ]) ++ present [ "ccache" ];
        preConfigure = (previous.preConfigure or "") + "\nsource ${./nixpkgs-ccache.sh}\n";
        preInstall = "reportCcache || :\n" + (previous.preInstall or "");
      });

  # nixpkgs' kernels: the image under its target's name, modules in an output of their own since 25.11.
  describeKernel =
    kernel:
    if onHost && kernel ? image then
      {
        inherit (kernel)
          image
          version
          modules
          config
          ;
        release = kernel.modDirVersion;
        vmlinux = kernel.vmlinux or null;
      }
    else
      {
        image = "${kernel}/${if architecture == "aarch64" then "Image" else "bzImage"}";
        release = kernel.modDirVersion;
        inherit (kernel) version;
        modules =
          if (kernel.config.isYes or (_: false)) "MODULES" then "${kernel.modules or kernel}" else null;
        config = "${kernel.configfile}";
        vmlinux = if kernel ? dev then "${kernel.dev}/vmlinux" else null;
      };

  defaultKernel = pkgs.linux;

  revisions = (if onHost then host.revisions else { nixpkgs = pkgs.lib.version or "unknown"; });

  # A shell for work on the kernel. `compiler` is "gcc" or "clang".
  mkShell =
    {
      compiler,
      packages,
      environment,
      shellHook,
    }:
    (pkgs.mkShell.override (
      if compiler == "clang" then { stdenv = pkgs.llvmPackages.stdenv; } else { }
    ))
      (
        environment
        // {
          name = "kernel-vmtest";
          nativeBuildInputs =
            packages ++ present shellPackages ++ (if compiler == "clang" then present [ "lld" "llvm" ] else [ ]);
          buildInputs = present shellLibraries;
          inherit shellHook;
        }
      );

  # Node, for the command.
  node = if onHost then host.node else "${pkgs.nodejs}/bin/node";
  inherit (pkgs) runCommand;
}
