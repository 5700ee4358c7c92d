# mkCommand: the `vmtest` command as a package. It is this repository's committed dist/ and what that reads beside it.
{ pkgs }:
let
  tools = import ./pkgs.nix pkgs;
  repository = ../..;
  wanted = [
    "dist"
    "nix"
    "examples"
    "package.json"
  ];
  top = toString repository;
  source = builtins.path {
    name = "kernel-vmtest";
    path = repository;
    filter =
      path: _:
      let
        relative = builtins.substring (builtins.stringLength top + 1) (builtins.stringLength path) path;
      in
      builtins.any (name: relative == name || builtins.match "${name}/.*" relative != null) wanted;
  };
in
tools.runCommand "vmtest" { inherit source; inherit (tools) node; } ''
  mkdir -p "$out/bin"
  printf '#!/bin/sh\nexec %s %s/dist/cli.js "$@"\n' "$node" "$source" >"$out/bin/vmtest"
  chmod 0555 "$out/bin/vmtest"
''
