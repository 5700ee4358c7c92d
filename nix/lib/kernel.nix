# Which kernel a bundle boots: { image; release; version; modules; config; vmlinux; counters; } with null for what there is not.
{
  tools,
  # Built already: a kernel package, or { image; release; modules ? …; config ? …; vmlinux ? …; } with paths. Or null.
  kernel,
  # A kernel source: a path, a fetched source, a flake input. Or null.
  kernel-src,
  # The tree the flake is in, as a string. Or null.
  root,
  # Fragments: names, paths or text (kconfig.nix).
  kconfig,
  # Directories of the source that count which of their lines run.
  counted ? [ ],
}:
let
  fragments = import ./kconfig.nix;
  coverage = import ./coverage.nix;
  all = kconfig ++ (if counted == [ ] then [ ] else [ coverage.options ]);

  inherit (import ./kernel-source.nix { inherit kernel-src root; }) source readable;

  built =
    let
      version = import ./kernel-release.nix {
        tree = readable;
        fragments = map fragments.textOf all;
      };
      configfile = tools.kernelConfig {
        inherit version;
        src = source;
        fragments = map fragments.fragment all;
      };
      package = tools.buildKernel {
        inherit version configfile;
        src = source;
        counting = coverage.environment counted;
      };
    in
    tools.describeKernel package
    // {
      counters =
        if counted == [ ] then
          null
        else
          {
            directories = counted;
            notes = "${package}/coverage";
            inherit (tools) gcov;
          };
    };

  files = {
    inherit (kernel) image release;
    version = kernel.version or kernel.release;
    modules = kernel.modules or null;
    config = kernel.config or null;
    vmlinux = kernel.vmlinux or null;
  };
in
if counted != [ ] && (kernel != null || source == null) then
  throw "kernel-vmtest: coverage: the kernel is not built from its source: it is ${
    if kernel != null then "given as it is built" else "the package set's own"
  }."
else if kernel != null then
  (if kernel ? image && kernel ? release then files else tools.describeKernel kernel)
else if source != null then
  built
else
  tools.describeKernel tools.defaultKernel
