# The leaves of nixpkgs that the lab takes from the host, as an overlay. What is not here is built by nixpkgs' own phases.
# `table` is nix/suites/fstests/programs.json.
{ host, table }:
final: prev:
let
  words = text: builtins.filter (word: builtins.isString word && word != "") (builtins.split " " text);
  programsOf = entry: words "${entry.required or ""} ${entry.optional or ""}";
  set = name: value: { ${name} = value; };
  merge = builtins.foldl' (all: each: all // each) { };
  ofTable =
    let
      entries = builtins.filter (entry: entry.nixpkgs != null) table.packages;
      names = map (entry: entry.nixpkgs) entries;
      of =
        name: builtins.concatMap programsOf (builtins.filter (entry: entry.nixpkgs == name) entries);
    in
    merge (map (name: set name (host.program name (of name))) names);
  library = names: merge (map (name: set name (host.library name)) names);
  withPatchelf =
    package:
    package.overrideAttrs (previous: {
      nativeBuildInputs = previous.nativeBuildInputs ++ [ (host.patchelf prev.path) ];
    });
  tool = names: merge (map (name: set name (host.links name [ name ])) names);
in
ofTable
// library [
  "icu"
  "readline"
  "inih"
  "liburcu"
  "libuuid"
  "libaio"
  "gdbm"
  "liburing"
  "gmp"
  "libmpc"
  "mpfr"
  "elfutils"
  "zlib"
  "libxcrypt"
  "gettext"
]
// tool [
  "autoconf"
  "automake"
  "libtool"
  "bison"
  "flex"
  "pkg-config"
  "pahole"
  "ccache"
  "hexdump"
  "zstd"
]
// {
  acl = ofTable.acl;
  bash = final.bashInteractive;
  bashNonInteractive = final.bashInteractive;
  runtimeShell = "/bin/bash";
  perl = host.perl;
  python3 = host.python3 // {
    withPackages = _: host.python3;
  };
  python3Minimal = host.python3;
  libtool = host.links "libtool" [ "libtool" "libtoolize" ];
  autoconf = host.links "autoconf" [ "autoconf" "autoheader" "autoreconf" "autom4te" "autoupdate" "ifnames" "autoscan" ];
  automake = host.links "automake" [ "automake" "aclocal" ];
  linux-pam = host.pam;
  # Debian has `su` from util-linux, nixpkgs from shadow.
  shadow = ofTable.shadow // {
    outputs = [ "out" "su" ];
    su = host.program "shadow-su" [ "su" ];
  };
  qemu_test = host.links "qemu" [ "qemu-system-x86_64" "qemu-system-aarch64" ];
  erofs-utils = host.links "erofs-utils" [ "mkfs.erofs" ];
  glibc = ofTable.glibc;
  # Guest programs that are libraries too are linked with as the host's.
  pkgsStatic = {
    busybox = host.busybox;
  };
  # Built here. nixpkgs' stdenv has the hook that shrinks RPATHs by itself.
  xfsprogs = withPatchelf prev.xfsprogs;
  xfstests = withPatchelf prev.xfstests;
}
