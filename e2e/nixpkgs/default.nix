# A bundle of nixpkgs' own expressions, its leaves from the host (overlay.nix), and how each of its packages came about.
{
  # Paths of a nixpkgs tree and of this project; as strings a kernel tree, and git repositories of xfsprogs and fstests.
  nixpkgs,
  project,
  kernel-src,
  xfsprogs-src,
  xfstests-src,
  # A kernel in place of one that is built: { image; release; config; modules; }.
  kernel ? null,
  # Changes when the host's packages do.
  stamp,
  system ? builtins.currentSystem,
}:
let
  table = builtins.fromJSON (builtins.readFile (project + "/nix/suites/fstests/programs.json"));
  words = text: builtins.filter (word: builtins.isString word && word != "") (builtins.split " " text);
  host = import ./host.nix {
    inherit system stamp;
    programs = builtins.concatMap (
      entry: words "${entry.required or ""} ${entry.optional or ""}"
    ) table.packages;
  };
  pkgs = import (nixpkgs + "/pkgs/top-level") {
    localSystem = { inherit system; };
    config = { };
    overlays = (import (project + "/__tests__/nix/nixpkgs/gaps.nix") nixpkgs) ++ [
      (import ./overlay.nix { inherit host table; })
    ];
    stdenvStages = import ./stages.nix { inherit nixpkgs host; };
  };
  inherit (import (project + "/nix/lib")) mkVmTest;
  bundle = mkVmTest {
    inherit pkgs kernel;
    kernel-src = builtins.path {
      name = "linux";
      path = kernel-src;
    };
    kconfig = [
      "base"
      "x86_64"
      "ext4"
      # Small, for it is compiled by hand and on any machine: no network, no XFS scrub.
      ''
        CONFIG_XFS_FS=y
        CONFIG_XFS_QUOTA=y
        CONFIG_XFS_POSIX_ACL=y
        CONFIG_INET=n
        CONFIG_PACKET=n
        CONFIG_MD=y
        CONFIG_BLK_DEV_DM=y
        CONFIG_DM_FLAKEY=y
        CONFIG_BLK_DEV_LOOP=y
        CONFIG_BLK_DEV_LOOP_MIN_COUNT=0
        CONFIG_KEYS=y
      ''
    ];
    xfsprogs-src = builtins.fetchGit xfsprogs-src;
    xfstests-src = builtins.fetchGit xfstests-src;
    sections = [
      "xfs_4k"
      "ext4_4k"
    ];
  };
in
{
  inherit bundle pkgs;
  substituted = builtins.attrNames (import ./overlay.nix { inherit host table; } pkgs pkgs);
}
