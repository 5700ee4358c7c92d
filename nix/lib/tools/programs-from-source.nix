# File systems' programs and fstests of nixpkgs, built from a user's sources. `pkgs` is a package set, `found` gives the
# package at an attribute path or null. Each function takes a source, or null for the package set's own, and gives a package.
{ pkgs, found }:
let
  sources = import ./source.nix;
  present = names: builtins.filter (package: package != null) (map (name: found [ name ]) names);

  # nixpkgs edits files by names that only some versions have, and carries patches that newer ones contain: what does not fit
  # a user's sources is left out, and said.
  fitted =
    src: previous:
    let
      patches = map (patch: "${patch}") (previous.patches or [ ]);
    in
    {
      inherit src;
      version = sources.version src;
      patches = [ ];
      prePatch = ''
        ${previous.prePatch or ""}
        for patch in ${builtins.concatStringsSep " " patches}; do
          if gzip -dcf "$patch" | patch -p1 --forward --dry-run >/dev/null; then
            gzip -dcf "$patch" | patch -p1
          else
            echo "kernel-vmtest: nixpkgs' $patch does not fit these sources" >&2
          fi
        done
      '';
      postPatch = ''
        {
          (${"\n" + previous.postPatch or ""}
          )
        } || echo "kernel-vmtest: not all of nixpkgs' changes fit these sources" >&2
      '';
    };

  # `change` gets the package's attributes and gives what is different beyond that.
  build =
    name: change: src:
    let
      package = found [ name ];
    in
    if src == null then
      null
    else if package == null then
      throw "kernel-vmtest: ${name}-src is given, and this package set has no ${name}."
    else
      package.overrideAttrs (previous: fitted src previous // change previous);
  withTools =
    names: previous: (previous.nativeBuildInputs or [ ]) ++ present names;
in
{
  # Of `src` null the package set's own: fstests is linked with it.
  xfsprogs =
    src:
    if src == null then
      pkgs.xfsprogs
    else
      # A git tree has install-sh only below include/ (`make configure` copies it); autoreconf has put automake's in its
      # place, which does not know what xfsprogs' Makefiles ask of it.
      build "xfsprogs" (previous: {
        preConfigure = ''
          if [ -e include/install-sh ]; then cp -f include/install-sh install-sh; fi
        ''
        + previous.preConfigure or "";
      }) src;

  # nixpkgs builds releases, which have a `configure` that a git tree lacks. Its upstream calls what makes it autogen.sh.
  btrfs-progs = build "btrfs-progs" (previous: {
    nativeBuildInputs = withTools [ "autoconf" "automake" ] previous;
    preConfigure = ''
      if ! [ -e configure ]; then sh ./autogen.sh; fi
    ''
    + previous.preConfigure or "";
  });

  # Its own tests take minutes, and are not what is tested here.
  e2fsprogs = build "e2fsprogs" (previous: {
    nativeBuildInputs = withTools [ "gettext" ] previous;
    doCheck = false;
  });

  f2fs-tools = build "f2fs-tools" (_: { });

  # Built against the same xfsprogs; null where the package set has no fstests.
  xfstests =
    { src, xfsprogs }:
    let
      btrfs = found [ "btrfs-progs" ];
      package =
        (pkgs.xfstests.override {
          inherit xfsprogs;
          libxfs = xfsprogs.dev or xfsprogs;
        }).overrideAttrs
          (
            previous:
            {
              # What fstests' configure looks for beyond nixpkgs' list: programs without it decline their tests.
              buildInputs =
                (previous.buildInputs or [ ])
                ++ present [
                  "liburing"
                  "libcap"
                  "gdbm"
                ]
                ++ (if btrfs == null then [ ] else [ btrfs ]);
              nativeBuildInputs = withTools [ "pkg-config" ] previous;
            }
            // (
              if src == null then
                { }
              else
                {
                  inherit src;
                  version = sources.version src;
                }
            )
          );
    in
    if !(pkgs ? xfstests) then null else package;
}
