# Scripts of builders that compile a kernel, and where they look for ccache's directory: beside the store's database, which
# whoever may build can make there, or a sandbox be given (docs/flake.md).
{
  kernelTree = ../kernel-tree.sh;
  ccache = ../ccache.sh;
  counters = ../counters.sh;
  objectTree = ../object-tree.sh;
  ccacheDirectory = "${builtins.dirOf builtins.storeDir}/var/kernel-vmtest/ccache";
}
