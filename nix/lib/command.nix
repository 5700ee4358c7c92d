# mkCommand: the `vmtest` command as a package, with its man page and completions. It is this repository's committed dist/
# and what that reads beside it.
{ pkgs }:
let
  tools = import ./pkgs.nix pkgs;
  repository = ../..;
  wanted = [
    "dist"
    "nix"
    "examples"
    "man"
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
tools.runCommand "vmtest"
  {
    inherit source;
    inherit (tools) node;
    meta.mainProgram = "vmtest";
  }
  ''
    mkdir -p "$out/bin"
    printf '#!/bin/sh\nexec %s %s/dist/cli.js "$@"\n' "$node" "$source" >"$out/bin/vmtest"
    chmod 0555 "$out/bin/vmtest"
    # With links followed: the man page lies elsewhere in the repository.
    cp -rL "$source/nix/command/share" "$out/share"
  ''
