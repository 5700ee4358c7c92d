# The arguments mkVmTest, mkNixosVmTest and mkLinuxShell share, so that one set of them serves all.
[
  "pkgs"
  "root"
  "kernel-src"
  "kernel"
  "kconfig"
  "extra-kconfig"
  "xfstests-src"
  "xfsprogs-src"
  "kselftest-targets"
  "scripts-src"
  "packages"
  "sections"
  "compiler"
  "shellHook"
  "shell-packages"
]
