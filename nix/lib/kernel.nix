# Which kernel a bundle boots: { image; release; version; modules; config; vmlinux; } with null for what there is not.
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
}:
let
  fragments = import ./kconfig.nix;

  inherit (import ./kernel-source.nix { inherit kernel-src root; }) source readable;

  built =
    let
      version = import ./kernel-release.nix {
        tree = readable;
        fragments = map fragments.textOf kconfig;
      };
      configfile = tools.kernelConfig {
        inherit version;
        src = source;
        fragments = map fragments.fragment kconfig;
      };
    in
    tools.describeKernel (
      tools.buildKernel {
        inherit version configfile;
        src = source;
      }
    );

  files = {
    inherit (kernel) image release;
    version = kernel.version or kernel.release;
    modules = kernel.modules or null;
    config = kernel.config or null;
    vmlinux = kernel.vmlinux or null;
  };
in
if kernel != null then
  (if kernel ? image && kernel ? release then files else tools.describeKernel kernel)
else if source != null then
  built
else
  tools.describeKernel tools.defaultKernel
