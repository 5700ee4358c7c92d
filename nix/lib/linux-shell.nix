# mkLinuxShell: the kernel developer's shell, with `vmtest` on the path. Takes mkVmTest's arguments, so that one set
# of them serves both; what only the guest needs is not built for the shell.
{
  pkgs,
  # The kernel tree, as a string.
  root ? null,
  xfstests-src ? null,
  xfsprogs-src ? null,
  # "gcc" or "clang".
  compiler ? "gcc",
  # Further packages in the shell.
  shell-packages ? [ ],
  # Run on entering, after ours.
  shellHook ? "",
  ...
}:
let
  tools = import ./pkgs.nix pkgs;
  command = import ./command.nix { inherit pkgs; };

  # A source as people name it: a short revision, or where it lies.
  named =
    source: default:
    let
      known = (import ./tools/source.nix).revision source;
    in
    if source == null then
      default
    else if known == null then
      "of ${toString source}"
    else
      known;
  makefile = "${toString root}/Makefile";
  linux =
    if root != null && builtins.pathExists makefile then
      import ./kernel-release.nix {
        tree = toString root;
        fragments = [ ];
      }
    else
      "(no kernel tree)";
in
if !(builtins.elem compiler [ "gcc" "clang" ]) then
  throw "kernel-vmtest: compiler is `${compiler}`; it can be `gcc` or `clang`."
else
  tools.mkShell {
    inherit compiler;
    packages = [ command ] ++ shell-packages;
    # LLVM=1 makes the kernel's make use clang.
    environment = if compiler == "clang" then { LLVM = "1"; } else { };
    shellHook = ''
      export VMTEST_TREE="''${VMTEST_TREE:-$PWD}"
      if [ -t 2 ]; then
        echo "kernel-vmtest: linux ${linux}, xfstests ${named xfstests-src "of the package set"}, xfsprogs ${named xfsprogs-src "of the package set"}, ${compiler}. Type vmtest." >&2
      fi
      ${shellHook}
    '';
  }
