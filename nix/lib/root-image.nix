# The guest's root as a read-only EROFS image: programs, the suites' trees, and files for /etc where the guest has no
# system of its own to make them.
{
  tools,
  # { environment; script; }: fills the current directory with programs.
  programs,
  suites,
  etc ? null,
}:
tools.runScript "vmtest-root.erofs" (
  programs.environment
  // {
    populate = programs.script;
    etc = if etc == null then "" else etc;
    suites = map (suite: "${suite.name}=${suite.tree}") suites;
  }
) ./root-image.sh
