# The base initramfs: busybox and our init. The engine appends modules, settings and its own programs.
tools:
tools.runScript "vmtest-initrd" {
  inherit (tools) busybox;
  init = builtins.path {
    name = "init";
    path = ../guest/init;
  };
} ./initrd.sh
