# A suite's catalogue (src/domain/test.ts): every test below `source`/tests with its groups, as a JSON file.
{
  tools,
  # "fstests" or "smoke".
  suite,
  # A tree in fstests' shape, as a store path.
  source,
}:
tools.runScript "${suite}-catalogue.json" {
  inherit suite source;
  inherit (tools) busybox;
  program = builtins.path {
    name = "catalogue.awk";
    path = ./catalogue.awk;
  };
} ./catalogue.sh
