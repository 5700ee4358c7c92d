# The table of the programs a guest of fstests is to have (nix/suites/fstests/programs.json), as nixpkgs' packages:
# [ { path; outputs; } ], `path` an attribute path such as [ "python3Packages" "drgn" ], `outputs` null for the usual one.
let
  table = builtins.fromJSON (builtins.readFile ../../suites/fstests/programs.json);
  # The programs under test are the user's or come by themselves (mkVmTest): two versions in one guest would mix.
  inNixpkgs = builtins.filter (
    entry: entry.nixpkgs != null && entry.nixpkgs != "xfsprogs"
  ) table.packages;
  described = entry: {
    path = builtins.filter builtins.isString (builtins.split "\\." entry.nixpkgs);
    outputs = entry.outputs or null;
  };
  # A package stands once for each Debian package it is made of there.
  distinct = builtins.foldl' (seen: entry: if builtins.elem entry seen then seen else seen ++ [ entry ]) [ ];
in
distinct (map described inNixpkgs)
