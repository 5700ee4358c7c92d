# What the lab takes from the host instead of building it, each a derivation without inputs. `stamp` changes when the host's
# packages do. Programs and libraries for the guest are copies that name each other by store paths (patchelf); compilers and
# tools for builds are links.
{ system, stamp, programs }:
let
  run =
    name: attributes: script:
    derivation (
      {
        inherit name system stamp;
        builder = "/bin/bash";
        args = [
          "-euc"
          "${script}\n:"
        ];
        PATH = "/usr/bin:/usr/sbin:/bin:/sbin";
        LC_ALL = "C";
      }
      // attributes
    )
    // {
      pname = name;
      version = "of-the-host";
      outputName = "out";
      meta = { };
    };
  links =
    name: list:
    run name { inherit list; } ''
      mkdir -p "$out/bin"
      for tool in $list; do
        path=$(command -v "$tool") || continue
        ln -s "$path" "$out/bin/$tool"
      done
    '';

  # Every library that a program of the table, PAM's modules or fstests' own programs may load, and the loader.
  libraries = run "host-libraries" { inherit programs; } ''
    mkdir -p "$out/lib"
    directory=$(dirname "$(gcc -print-file-name=libc.so.6)")
    copy() {
      local name=''${1##*/}
      if [ ! -e "$out/lib/$name" ]; then cp -L "$1" "$out/lib/$name" && chmod 0755 "$out/lib/$name"; fi
    }
    more() { ldd "$1" 2>/dev/null | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p' || true; }
    for program in $programs; do
      if path=$(command -v "$program"); then for library in $(more "$path"); do copy "$library"; done; fi
    done
    for pattern in libgcc_s.so.1 'libnss_*.so.2' 'libaio.so.1*' libacl.so.1 libattr.so.1 libuuid.so.1 libcap.so.2 'libgdbm*.so.?' \
      libcrypto.so.3 libssl.so.3 liburing.so.2 'libbtrfs*.so.?' libdl.so.2 librt.so.1 libpthread.so.0 libm.so.6 libblkid.so.1 \
      libedit.so.2 libreadline.so.8 'libinih.so.?' 'liburcu*.so.8' 'libicu*.so.72' libstdc++.so.6 libtinfo.so.6 libbsd.so.0 libmd.so.0 \
      libpam.so.0 libpam_misc.so.0 libaudit.so.1 libcap-ng.so.0 libcrypt.so.1; do
      for library in "$directory"/$pattern /lib/*-linux-gnu/$pattern; do
        if [ -e "$library" ]; then
          copy "$library"
          for other in $(more "$library"); do copy "$other"; done
        fi
      done
    done
    loader=$(ldd /bin/bash | sed -n 's/^\s*\(\/[^ ]*ld-linux[^ ]*\) .*/\1/p')
    cp -L "$loader" "$out/lib/''${loader##*/}"
    chmod 0755 "$out"/lib/*
    for library in "$out"/lib/*; do
      case ''${library##*/} in
      ld-linux* | libc.so* | libm.so* | libpthread.so* | libdl.so* | librt.so*) ;;
      *) patchelf --set-rpath "$out/lib" "$library" ;;
      esac
    done
  '';

  # Copies of programs by name; those the host lacks are left out and listed in $out/share/not-on-the-host.
  program =
    name: list:
    run name { inherit list libraries; } ''
      mkdir -p "$out/bin" "$out/share"
      loader=$(echo "$libraries"/lib/ld-linux*)
      for tool in $list; do
        if ! path=$(command -v "$tool") || [ ! -f "$(readlink -f "$path")" ]; then
          echo "$tool" >>"$out/share/not-on-the-host"
          continue
        fi
        cp -L "$path" "$out/bin/$tool"
        chmod 0755 "$out/bin/$tool"
        if patchelf --print-interpreter "$out/bin/$tool" >/dev/null 2>&1; then
          patchelf --set-interpreter "$loader" --set-rpath "$libraries/lib" "$out/bin/$tool"
        fi
      done
    '';
in
{
  inherit libraries program links run;
  # Kbuild and cc-wrapper go by these names.
  gcc = (
    run "gcc" { } ''
      mkdir -p "$out/bin" "$out/nix-support"
      for tool in gcc g++ cpp gcov gcc-ar gcc-nm gcc-ranlib; do ln -s "$(readlink -f "$(command -v $tool)")" "$out/bin/$tool"; done
    ''
    // {
      isGNU = true;
      passthru = { };
      # nixpkgs' compiler is newer.
      hardeningUnsupportedFlags = [
        "strictflexarrays1"
        "strictflexarrays3"
        "glibcxxassertions"
      ];
      version = "12";
      meta.mainProgram = "gcc";
    }
  );
  binutils = links "binutils" [
    "ar"
    "as"
    "ld"
    "ld.bfd"
    "nm"
    "objcopy"
    "objdump"
    "ranlib"
    "readelf"
    "size"
    "strings"
    "strip"
    "addr2line"
  ];
  tools = links "tools" [
    "cat"
    "rm"
    "mktemp"
    "grep"
    "basename"
    "dirname"
  ];
  # A library whose headers and links to link with are in the compiler's own directories.
  library = name: run name { } ''mkdir -p "$out"'';
  pam = run "linux-pam" { inherit libraries; } ''
    mkdir -p "$out/lib/security"
    for module in pam_rootok pam_deny pam_permit pam_unix; do
      cp -L /lib/*-linux-gnu/security/$module.so "$out/lib/security/"
      chmod 0755 "$out/lib/security/$module.so"
      patchelf --set-rpath "$libraries/lib" "$out/lib/security/$module.so"
    done
  '';
  patchelf =
    nixpkgs:
    run "patchelf" { hook = nixpkgs + "/pkgs/development/tools/misc/patchelf/setup-hook.sh"; } ''
      mkdir -p "$out/bin" "$out/nix-support"
      ln -s "$(command -v patchelf)" "$out/bin/patchelf"
      cp "$hook" "$out/nix-support/setup-hook"
    '';
  # perl and python look for their libraries by compiled-in paths.
  perl = run "perl" { inherit libraries; } ''
    mkdir -p "$out/bin" "$out/lib"
    cp -L "$(command -v perl)" "$out/bin/.perl"
    chmod 0755 "$out/bin/.perl"
    patchelf --set-interpreter "$(echo "$libraries"/lib/ld-linux*)" --set-rpath "$libraries/lib" "$out/bin/.perl"
    version=$(perl -e 'printf "%vd", $^V' | cut -d. -f1,2)
    for directory in /usr/lib/*-linux-gnu/perl-base /usr/lib/*-linux-gnu/perl/$version /usr/share/perl/$version; do
      cp -rL "$directory/." "$out/lib/" 2>/dev/null || true
      chmod -R u+w "$out/lib"
    done
    printf '#!/bin/sh\nPERL5LIB=%s${"$"}{PERL5LIB:+:$PERL5LIB} exec %s "$@"\n' "$out/lib" "$out/bin/.perl" >"$out/bin/perl"
    chmod 0755 "$out/bin/perl"
  '';
  python3 = run "python3" { inherit libraries; } ''
    mkdir -p "$out/bin" "$out/lib"
    cp -L "$(command -v python3)" "$out/bin/python3"
    chmod 0755 "$out/bin/python3"
    patchelf --set-interpreter "$(echo "$libraries"/lib/ld-linux*)" --set-rpath "$libraries/lib" "$out/bin/python3"
    library=$(/usr/bin/python3 -I -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
    cp -rL "$library" "$out/lib/"
    chmod -R u+w "$out/lib"
    rm -rf "$out"/lib/*/{test,idlelib,tkinter,config-*,__pycache__,dist-packages}
  '';
  busybox = run "busybox" { } ''
    mkdir -p "$out/bin"
    cp -L /bin/busybox "$out/bin/busybox"
    chmod 0555 "$out/bin/busybox"
  '';
}
