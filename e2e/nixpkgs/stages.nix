# The bootstrap stages of a nixpkgs whose compiler and shell tools are the host's: nixpkgs' own generic stdenv, cc-wrapper
# and setup.sh around them, in place of a compiler that is downloaded and built. `nixpkgs` is a tree, `host` host.nix.
{ nixpkgs, host }:
{
  lib,
  localSystem,
  crossSystem,
  config,
  overlays,
  crossOverlays ? [ ],
}:
assert crossSystem == localSystem;
let
  shell = "/bin/bash";
  genericStdenv = import (nixpkgs + "/pkgs/stdenv/generic") { defaultConfig = config; };
  makeStdenv =
    { cc, fetchurl }:
    genericStdenv {
      buildPlatform = localSystem;
      hostPlatform = localSystem;
      targetPlatform = localSystem;
      preHook = ''
        # Headers and libraries to link with are the host's, outside the store.
        export NIX_ENFORCE_PURITY= NIX_ENFORCE_NO_NATIVE="''${NIX_ENFORCE_NO_NATIVE-1}"
      '';
      initialPath = [ "/usr" ];
      fetchurlBoot = fetchurl;
      overrides = _: _: { inherit fetchurl; };
      inherit shell cc;
    };
  wrapper = name: import (nixpkgs + "/pkgs/build-support/${name}");
in
[
  (_: rec {
    __raw = true;
    stdenvNoCC = makeStdenv {
      cc = null;
      fetchurl = null;
    };
    stdenv = stdenvNoCC;
    common = {
      inherit lib stdenvNoCC;
      nativeTools = false;
      nativeLibc = false;
      libc = host.libraries;
      coreutils = host.tools;
      gnugrep = host.tools;
      expand-response-params = "";
      runtimeShell = shell;
    };
    bintools = wrapper "bintools-wrapper" (
      common
      // {
        name = "binutils-of-the-host";
        bintools = host.binutils;
        # What links with the host's libraries finds copies of them in the guest.
        extraBuildCommands = ''
          echo "-rpath ${host.libraries}/lib" >>$out/nix-support/libc-ldflags
        '';
      }
    );
    cc = wrapper "cc-wrapper" (
      common
      // {
        name = "gcc-of-the-host";
        cc = host.gcc;
        isGNU = true;
        inherit bintools;
      }
    );
    fetchurl = import (nixpkgs + "/pkgs/build-support/fetchurl") {
      inherit lib stdenvNoCC;
      curl = null;
      inherit (config) hashedMirrors rewriteURL;
    };
  })
  (previous: {
    inherit config overlays;
    stdenv =
      makeStdenv { inherit (previous) cc fetchurl; }
      // {
        inherit (previous) fetchurl;
      };
  })
]
