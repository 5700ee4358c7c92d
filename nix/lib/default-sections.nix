# The sections of a bundle that names none.
let
  file = ../sections/sections.json;
  disks = [
    {
      role = "test";
      sizeMiB = 1024;
    }
    {
      role = "scratch";
      sizeMiB = 1024;
    }
  ];
in
if builtins.pathExists file then
  (builtins.fromJSON (builtins.readFile file)).sections
else
  [
    {
      name = "xfs";
      description = "XFS with mkfs.xfs's defaults";
      fstyp = "xfs";
      inherit disks;
    }
    {
      name = "ext4";
      description = "ext4 with mke2fs's defaults";
      fstyp = "ext4";
      inherit disks;
    }
  ]
