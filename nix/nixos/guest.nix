# A NixOS system as a guest: what services.vmtest (options.nix) says, as units, users and a bundle. The host boots its own
# initramfs and hands over to the system's init; the agent of the minimal guest runs as a service (docs/adrs/0031).
{
  config,
  lib,
  options,
  pkgs,
  ...
}:
let
  inherit (lib) mkDefault mkIf;
  cfg = config.services.vmtest;
  tools = import ../lib/pkgs.nix pkgs;

  xfsprogs = if cfg.xfsprogs.package == null then tools.xfsprogs null else cfg.xfsprogs.package;
  xfstests =
    if !(builtins.elem "fstests" cfg.suites) then
      null
    else if cfg.fstests.package != null then
      cfg.fstests.package
    else
      tools.xfstests {
        src = null;
        inherit xfsprogs;
      };
  selftests =
    if builtins.elem "kselftest" cfg.suites then
      import ../lib/kselftest.nix {
        inherit tools;
        inherit (cfg.kselftest) targets;
        kernel-src = cfg.kernel.source;
        root = cfg.kernel.tree;
      }
    else
      null;
  kselftest = if selftests == null then null else selftests.package;
  suites = builtins.filter (suite: builtins.elem suite.name cfg.suites) (
    import ../lib/suites.nix {
      inherit tools xfstests kselftest;
      scripts-src = cfg.scripts.source;
    }
  );

  noKernelGiven = cfg.kernel.package == null && cfg.kernel.source == null && cfg.kernel.tree == null;
  kernel = {
    kernel = if noKernelGiven then config.boot.kernelPackages.kernel else cfg.kernel.package;
    kernel-src = cfg.kernel.source;
    root = cfg.kernel.tree;
  };
  kernelCounting =
    counted:
    import ../lib/kernel.nix (
      kernel
      // {
        inherit tools counted;
        kconfig =
          (
            if cfg.kernel.kconfig == null then
              (import ../lib/kconfig.nix).base tools.system ++ [ "systemd" ]
            else
              cfg.kernel.kconfig
          )
          ++ lib.optionals (selftests != null) selftests.kconfig
          ++ cfg.kernel.extraKconfig;
      }
    );
  withCoverage = directories: bundleOf (kernelCounting directories);

  rootImage = import ../lib/root-image.nix {
    inherit tools suites;
    programs = tools.systemPrograms {
      system = config.system.build.toplevel;
      packages = lib.optional (xfstests != null) xfstests ++ lib.optional (kselftest != null) kselftest;
    };
  };

  withoutNulls = lib.filterAttrs (_: value: value != null);
  bundleOf =
    bundleKernel:
    import ../lib/bundle.nix {
      inherit tools rootImage suites;
      kind = "nixos";
      kernel = bundleKernel;
      sections = if cfg.sections == null then null else map withoutNulls cfg.sections;
      inherit (cfg) bootSeconds;
      inherit guestPath;
      revisions = lib.mapAttrs (_: package: package.version or null) cfg.programs // {
        xfstests = xfstests.version or null;
        xfsprogs = xfsprogs.version or null;
      };
    };

  guestPath = [
    "/run/wrappers/bin"
    "/run/current-system/sw/bin"
    "/run/current-system/sw/sbin"
  ];
  hook =
    name: commands:
    lib.optional (commands != "") (
      pkgs.writeShellScript "vmtest-${name}" ''
        set -eu
        export PATH=${lib.concatStringsSep ":" guestPath}
        ${commands}
      ''
    );

  # The users of every guest, and those of the suites' own half: what the minimal guest's agent adds, as lines of /etc/passwd.
  usersIn =
    file:
    builtins.listToAttrs (
      map (
        line:
        let
          fields = builtins.match "([^:]+):x:([0-9]+):.*" line;
        in
        {
          name = builtins.elemAt fields 0;
          value = builtins.fromJSON (builtins.elemAt fields 1);
        }
      ) (builtins.filter (line: builtins.isString line && line != "") (builtins.split "\n" (builtins.readFile file)))
    );
  testers = usersIn ../suites/fstests/guest/users;
  # NixOS has a nobody of its own.
  old = builtins.filter (name: name != "nobody") (builtins.attrNames (usersIn ../guest/users));
in
{
  config = mkIf cfg.enable {
    assertions = [
      {
        assertion = cfg.suites != [ ];
        message = "services.vmtest.suites is empty: there would be nothing to run.";
      }
      {
        assertion = config.boot.extraModulePackages == [ ];
        message = "services.vmtest boots the kernel under test with its own modules: boot.extraModulePackages has no effect.";
      }
    ];

    system.build.vmtestBundle = bundleOf (kernelCounting [ ]) // {
      # The same guest with the kernel of boot.kernelPackages: nothing to compile, for a kernel `make` built.
      guest = bundleOf (tools.describeKernel config.boot.kernelPackages.kernel);
      # As mkVmTest's.
      inherit withCoverage;
      counted = (import ../lib/coverage.nix).asked (kernel // { inherit withCoverage; });
      inherit rootImage;
    };

    # The host brings kernel, initramfs and modules, and its initramfs mounts the root.
    boot.kernel.enable = false;
    boot.initrd.enable = false;
    # An option until nixpkgs 26.11; what is left of it there refuses to be set.
    boot.bootspec = lib.optionalAttrs (options.boot.bootspec.enable.visible or true) { enable = false; };
    boot.loader.grub.enable = false;
    fileSystems."/" = {
      device = "overlay";
      fsType = "overlay";
    };

    systemd.packages = [ tools.agentUnit ];
    systemd.services.vmtest-agent = {
      wantedBy = [ "default.target" ];
      # The agent sets its own: tests see what they see in the minimal guest.
      environment = lib.mkForce { };
      serviceConfig = {
        ExecStartPre = hook "before" cfg.hooks.before;
        ExecStopPost = hook "after" cfg.hooks.after;
      };
    };
    # The console is the host's record of the guest, and in `vmtest shell` the agent's.
    systemd.targets.getty.enable = false;

    environment.systemPackages = map lib.hiPrio (tools.firstPackages ++ [ xfsprogs ]) ++ tools.guestPackages cfg.programs;
    # Interpreters where tests and sources from elsewhere look for them.
    systemd.tmpfiles.rules = map (path: "L+ ${path} - - - - /run/current-system/sw/bin/${baseNameOf path}") [
      "/bin/bash"
      "/usr/bin/awk"
      "/usr/bin/bash"
      "/usr/bin/perl"
      "/usr/bin/python3"
    ];

    users.users =
      lib.mapAttrs (name: uid: {
        inherit uid;
        isNormalUser = true;
        group = name;
      }) testers
      // lib.genAttrs old (name: {
        isSystemUser = true;
        group = name;
      });
    users.groups = lib.mapAttrs (_: gid: { inherit gid; }) testers // lib.genAttrs old (_: { });
    users.allowNoPasswordLogin = true;

    # A guest without a network that lives for minutes; what a test looks at is as in the minimal guest.
    networking.hostName = mkDefault "vmtest";
    networking.useDHCP = mkDefault false;
    networking.firewall.enable = mkDefault false;
    nix.enable = mkDefault false;
    documentation.enable = mkDefault false;
    services.timesyncd.enable = mkDefault false;
    services.logrotate.enable = mkDefault false;
    systemd.coredump.enable = mkDefault false;
    systemd.oomd.enable = mkDefault false;
    system.stateVersion = mkDefault lib.trivial.release;
  };
}
