# A look-alike of Nix's release tarball, made of the host's own Nix: store paths from real derivations, relocated by
# starting the programs through a loader and libraries of their own.
{
  # Of the host's Nix, as `nix --version` prints it.
  version,
  # The host's nix program, and the libraries it needs (real paths, with the loader), separated by spaces.
  program,
  libraries,
  loader,
}:
let
  run =
    name: environment: script:
    derivation (
      environment
      // {
        inherit name;
        system = builtins.currentSystem;
        builder = "/bin/bash";
        args = [
          "-euc"
          "${script}\n:\n"
        ];
        PATH = "/usr/bin:/bin";
      }
    );
  libs = run "nix-libs-${version}" { inherit libraries loader; } ''
    mkdir -p "$out/lib"
    for library in $libraries; do cp -L "$library" "$out/lib/"; done
    cp -L "$loader" "$out/lib/loader"
  '';
  # argv[0] decides which of its programs Nix is.
  nix = run "nix-${version}" { inherit libs program; } ''
    mkdir -p "$out/bin" "$out/libexec/nix"
    cp "$program" "$out/libexec/nix.real"
    wrapper() {
      {
        echo '#!/bin/sh'
        echo "NIX_LIBEXEC_DIR=$out/libexec; export NIX_LIBEXEC_DIR"
        # Newer Nix starts itself as its build hook, and what it finds itself to be is the loader.
        echo "NIX_CONFIG=\"\''${NIX_CONFIG-}"
        echo "build-hook = $out/libexec/nix/build-remote\"; export NIX_CONFIG"
        echo "exec $libs/lib/loader --argv0 $2 --library-path $libs/lib $out/libexec/nix.real \"\$@\""
      } >"$1"
      chmod 0555 "$1"
    }
    for name in nix nix-store nix-build nix-instantiate nix-env nix-daemon nix-collect-garbage; do
      wrapper "$out/bin/$name" "$name"
    done
    wrapper "$out/libexec/nix/build-remote" build-remote
  '';
in
nix
