# What the library needs, of nixpkgs. host.nix defines the same names for a package set made of the host's own programs.
pkgs:
let
  inherit (pkgs.stdenv.hostPlatform) system;
  architecture = builtins.head (builtins.split "-" system);
  compilation = import ./compilation.nix;
  sources = import ./source.nix;

  # A package that the set has and can evaluate, or null: nixpkgs renames, drops (an alias that throws) and marks some as
  # broken over the years.
  at =
    path: set:
    if path == [ ] then
      set
    else if set ? ${builtins.head path} then
      at (builtins.tail path) set.${builtins.head path}
    else
      null;
  usable = package: (builtins.tryEval (package != null && "${package}" != "")).value;
  found =
    path:
    let
      package = builtins.tryEval (at path pkgs);
    in
    if package.success && usable package.value then package.value else null;
  present = names: builtins.filter (package: package != null) (map (name: found [ name ]) names);

  # The outputs with the programs.
  programsOf =
    package: outputs:
    let
      there = builtins.filter (output: package ? ${output}) (if outputs == null then [ ] else outputs);
    in
    if there == [ ] then [ (package.bin or package.out or package) ] else map (output: package.${output}) there;
  # `replaced`: packages by name that stand for the set's own, for two versions in one guest would mix.
  guestPackages =
    replaced:
    builtins.concatMap (
      entry:
      let
        package = replaced.${builtins.concatStringsSep "." entry.path} or (found entry.path);
      in
      if package == null then [ ] else programsOf package entry.outputs
    ) (import ./programs.nix);

  fromSource = import ./programs-from-source.nix { inherit pkgs found; };

  # nixpkgs' coreutils are one program behind links that goes by the name it is called under; generic/452 copies `ls` to
  # another name. This `ls` is a compiled program of its own that calls it by the right name.
  ownLs = pkgs.runCommand "ls" { nativeBuildInputs = [ pkgs.makeBinaryWrapper ]; } ''
    mkdir -p "$out/bin"
    makeBinaryWrapper ${pkgs.coreutils}/bin/ls "$out/bin/ls" --argv0 ls
  '';

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
    "trace-cmd"
    "python3"
    "git"
    "erofs-utils"
  ];
  # A package of its own until 25.11, of Python's since.
  drgn = if found [ "drgn" ] != null then pkgs.drgn else found [ "python3Packages" "drgn" ];
  # Libraries the kernel's own programs link with.
  shellLibraries = [
    "elfutils"
    "openssl"
    "ncurses"
    "zlib"
  ];

  # The build for NixOS' own VM tests: without GTK, SDL, sound and SPICE, and in the binary cache for that reason.
  qemu = if found [ "qemu_test" ] != null then pkgs.qemu_test else pkgs.qemu_kvm;

  # PAM modules by absolute path: a guest has no place where libpam would look for them.
  pam = found [ "linux-pam" ];
in
{
  inherit system architecture;
  onHost = false;
  inherit (pkgs) writeText;

  # A derivation whose builder has mkfs.erofs, cpio and the usual programs on PATH. `script` is a shell script's path.
  runScript =
    name: environment: script:
    pkgs.runCommand name (
      environment
      // {
        nativeBuildInputs = [
          pkgs.erofs-utils
          pkgs.cpio
        ];
      }
    ) "source ${script}";

  # A static busybox: the base initramfs' only program.
  busybox = "${pkgs.pkgsStatic.busybox}/bin/busybox";

  # QEMU for the guest's architecture, or null: the one on the host's PATH.
  qemu = "${qemu}/bin/qemu-system-${architecture}";

  # { environment; script; path; }: `script`, run by a builder with `environment`, fills the current directory with
  # the guest's programs; `path` is the guest's PATH.
  guestPrograms =
    {
      # Packages in front of the usual ones: the user's xfsprogs.
      first,
      # The user's packages in place of the usual ones, by name.
      replaced,
      extra,
    }:
    let
      own = builtins.concatMap (package: programsOf package null) (first ++ extra);
      # Tests read the manual pages of the programs under test.
      manuals = builtins.concatMap (package: if package ? man then [ package.man ] else [ ]) first;
      programs = pkgs.buildEnv {
        name = "vmtest-programs";
        paths = [ ownLs ] ++ own ++ manuals ++ guestPackages replaced;
        pathsToLink = [
          "/bin"
          "/sbin"
          "/share/man"
        ];
        ignoreCollisions = true;
      };
    in
    {
      environment = {
        inherit programs;
        pam = if pam == null then "" else "${pam.out or pam}";
        closure = pkgs.closureInfo {
          rootPaths = [ programs ] ++ first ++ (if pam == null then [ ] else [ (pam.out or pam) ]);
        };
      };
      script = ../populate-closure.sh;
      path = [
        "/bin"
        "/sbin"
      ];
    };

  # The packages themselves, for a guest that is put together by NixOS, which has an `su` and its PAM files by itself.
  inherit guestPackages;
  firstPackages = [ ownLs ];

  # As guestPrograms, for a whole system: its closure and that of further packages.
  systemPrograms =
    { system, packages }:
    {
      environment = {
        inherit system;
        closure = pkgs.closureInfo { rootPaths = [ system ] ++ packages; };
      };
      script = ../populate-system.sh;
    };

  # The unit that starts the agent, as a package for `systemd.packages`.
  agentUnit = pkgs.runCommand "vmtest-agent-unit" { } ''
    install -D -m 0444 ${../../guest/vmtest-agent.service} "$out/lib/systemd/system/vmtest-agent.service"
  '';

  # A NixOS system of modules: { config; options; … }.
  nixosSystem =
    modules:
    if !(pkgs ? path) then
      throw "kernel-vmtest: mkNixosVmTest needs a whole nixpkgs, which has NixOS; the package set given names no tree (`path`)."
    else
      import (pkgs.path + "/nixos/lib/eval-config.nix") {
        inherit pkgs modules;
        system = null;
      };

  inherit (fromSource)
    xfsprogs
    btrfs-progs
    e2fsprogs
    f2fs-tools
    xfstests
    ;
  # Where `check` lies in that package.
  xfstestsTree = package: "${package}/lib/xfstests";

  # The kernel's selftests, installed. Not fixed up: their scripts are the kernel's, and the guest has the interpreters they name.
  kselftest =
    { src, targets }:
    pkgs.stdenv.mkDerivation {
      name = "kselftest";
      inherit src targets;
      nativeBuildInputs = present [
        "rsync"
        "perl"
        "python3"
        "pkg-config"
        "flex"
        "bison"
        "bc"
      ];
      # What Makefiles of many targets link with.
      buildInputs = present [
        "libcap"
        "libcap_ng"
        "popt"
        "numactl"
        "libmnl"
        "fuse"
        "elfutils"
      ];
      hardeningDisable = [ "all" ];
      phases = [ "buildPhase" ];
      buildPhase = "source ${../kselftest.sh}";
    };

  # blktests: scripts with some C programs beside them, run where it was built. Its scripts name /bin/bash, which guests have.
  blktests =
    src:
    pkgs.stdenv.mkDerivation {
      pname = "blktests";
      version = sources.version src;
      inherit src;
      buildInputs = present [ "liburing" ];
      dontConfigure = true;
      dontPatchShebangs = true;
      enableParallelBuilding = true;
      installPhase = ''
        cp -r . "$out"
      '';
    };

  # LTP, as `make install` leaves it, in place of /opt/ltp.
  ltp =
    src:
    pkgs.stdenv.mkDerivation {
      pname = "ltp";
      version = sources.version src;
      inherit src;
      nativeBuildInputs = present [
        "autoconf"
        "automake"
        "m4"
        "pkg-config"
        "flex"
        "bison"
        "perl"
        "git"
      ];
      buildInputs = present [
        "libaio"
        "libcap"
        "acl"
        "attr"
        "keyutils"
        "numactl"
        "openssl"
        "libmnl"
      ];
      preConfigure = "make autotools";
      # Its tests are built as the kernel's interfaces ask for, not hardened.
      hardeningDisable = [ "all" ];
      dontPatchShebangs = true;
      enableParallelBuilding = true;
    };

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
      # The same programs as the kernel's own build has, which Kconfig asks for their versions.
      nativeBuildInputs = present [
        "flex"
        "bison"
        "perl"
        "bc"
        "ccache"
        "pahole"
        "zstd"
      ];
      kbuildFlags =
        (pkgs.linuxManualConfig {
          inherit src version;
          inherit (pkgs) lib stdenv;
          configfile = null;
          config = { };
        }).commonMakeFlags or [ ];
      dontUnpack = true;
      phases = [ "buildPhase" ];
      buildPhase = "source ${../kernel-config.sh}";
    };

  # Built in throughout: no modules (nix/kconfig/base.config), so nothing of the configuration is needed to evaluate.
  buildKernel =
    {
      src,
      version,
      configfile,
      # Variables of its builder (coverage.nix).
      counting ? { },
    }:
    let
      kernel = pkgs.linuxManualConfig {
        inherit src version configfile;
        inherit (pkgs) lib stdenv;
        modDirVersion = version;
        config = { };
      };
      # Only since autumn 2026 nixpkgs keeps a kernel's vmlinux that has no modules (its output `dev`).
      hasDev = kernel ? dev;
    in
    kernel.overrideAttrs (
      previous:
      counting
      // {
        inherit (compilation)
          kernelTree
          ccache
          counters
          ccacheDirectory
          ;
        nativeBuildInputs = (previous.nativeBuildInputs or [ ]) ++ present [ "ccache" ];
        preConfigure = (previous.preConfigure or "") + "\nsource ${../nixpkgs-ccache.sh}\n";
        preInstall = "reportCcache || :\n" + (previous.preInstall or "");
        # Not as $out/vmlinux, which nixpkgs strips.
        postInstall =
          (previous.postInstall or "")
          + (if counting == { } then "" else "\nkeepNotes \"\${buildRoot:-.}\" \"$out/coverage\"\n")
          + (if hasDev then "" else "\ninstall -D -m 0444 vmlinux \"$out/debug/vmlinux\"\n");
        passthru = (previous.passthru or { }) // {
          vmtestVmlinux = if hasDev then "dev" else "debug";
        };
      }
    );

  # Reads what the compiler of kernels counts.
  gcov =
    let
      inherit (pkgs.stdenv) cc;
    in
    if cc.isClang or false then
      throw "kernel-vmtest: coverage: the package set's compiler is clang, whose counters have another form than gcc's."
    else
      "${cc.cc}/bin/${cc.targetPrefix or ""}gcov";

  # nixpkgs' kernels: the image under its target's name, modules in an output of their own since 25.11.
  describeKernel = kernel: {
    image = "${kernel}/${if architecture == "aarch64" then "Image" else "bzImage"}";
    release = kernel.modDirVersion;
    inherit (kernel) version;
    modules =
      if (kernel.config.isYes or (_: false)) "MODULES" then "${kernel.modules or kernel}" else null;
    config = "${kernel.configfile}";
    vmlinux =
      if (kernel.vmtestVmlinux or null) == "debug" then
        "${kernel}/debug/vmlinux"
      else if kernel ? dev then
        "${kernel.dev}/vmlinux"
      else
        null;
  };

  defaultKernel = pkgs.linux;

  revisions = {
    nixpkgs = pkgs.lib.version or "unknown";
  };

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
            packages
            ++ present shellPackages
            ++ [ qemu ]
            ++ (if drgn == null then [ ] else [ drgn ])
            ++ (if compiler == "clang" then present [ "lld" "llvm" ] else [ ]);
          buildInputs = present shellLibraries;
          inherit shellHook;
        }
      );

  # Node, for the command.
  node = "${pkgs.nodejs}/bin/node";
  inherit (pkgs) runCommand;
}
