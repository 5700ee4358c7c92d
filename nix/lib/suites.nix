# The suites of a guest: [ { name; tree; } ], the tree in the store. Our own, and the fstests package where there is one.
{ tools, xfstests }:
[
  {
    name = "smoke";
    tree = builtins.path {
      name = "smoke-suite";
      path = ../suites/smoke;
    };
  }
]
++ (
  if xfstests == null then
    [ ]
  else
    [
      {
        name = "fstests";
        tree = tools.xfstestsTree xfstests;
      }
    ]
)
