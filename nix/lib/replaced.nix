# The file systems' programs that `arguments` (mkVmTest's) give as sources, by name: they stand for the package set's own.
# xfsprogs is not among them: the guest always has one of its own, which fstests is linked with.
tools: arguments:
builtins.listToAttrs (
  map
    (name: {
      inherit name;
      value = tools.${name} arguments."${name}-src";
    })
    (
      builtins.filter (name: (arguments."${name}-src" or null) != null) [
        "btrfs-progs"
        "e2fsprogs"
        "f2fs-tools"
      ]
    )
)
