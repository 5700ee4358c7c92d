# Kernels that count which of their lines run (gcov). The options and flags are coverage.json's, which src/kernel/coverage-flags.ts reads too.
let
  table = builtins.fromJSON (builtins.readFile ./coverage.json);
  words = builtins.concatStringsSep " ";

  # Make would read other names as more than a directory.
  isPlain =
    directory:
    builtins.isString directory
    && builtins.match "[A-Za-z0-9_+.-]+(/[A-Za-z0-9_+.-]+)*" directory != null
    && !(builtins.elem ".." (builtins.split "/" directory));
  refused = directories: builtins.filter (directory: !(isPlain directory)) directories;

  # What `vmtest run --coverage` asks for, which an evaluation cannot be told otherwise: its directories, and the hashes of sources it compares.
  variable = "KERNEL_VMTEST_COVERAGE";
in
{
  # A fragment of the kernel's configuration.
  options = builtins.concatStringsSep "\n" table.options + "\n";

  # Variables of a kernel's builder that counts in these directories of the tree, and in those below them (counters.sh); none of no directory.
  environment =
    directories:
    if directories == [ ] then
      { }
    else if refused directories != [ ] then
      throw "kernel-vmtest: ${builtins.toJSON (builtins.head (refused directories))} is no directory of a kernel tree, such as \"fs/xfs\"."
    else
      {
        counted = words directories;
        counterFlags = words table.flags;
        # Kbuild asks GCOV_PROFILE in each directory, and make expands a condition in it.
        counterProfile = "$(if $(filter ${
          words (builtins.concatMap (directory: [ directory "${directory}/%" ]) directories)
        },$(obj)),y)";
      };

  # A bundle's attribute `counted`: `withCoverage` of the directories in the variable, where the kernel's source is what they were chosen in.
  asked =
    {
      # As kernel.nix takes them.
      kernel,
      kernel-src,
      root,
      # Directories -> the bundle.
      withCoverage,
    }:
    let
      given = builtins.getEnv variable;
      wanted = builtins.fromJSON given;
      inherit (import ./kernel-source.nix { inherit kernel-src root; }) readable;
      # One that is not there yet (git does not know it) is not compiled either.
      isOther =
        file:
        let
          path = readable + "/${file}";
        in
        builtins.pathExists path && builtins.hashFile "sha256" path != wanted.files.${file};
      few =
        files:
        let
          count = builtins.length files;
          shown = if count < 5 then count else 5;
        in
        builtins.concatStringsSep ", " (builtins.genList (builtins.elemAt files) shown)
        + (if count > shown then " and ${toString (count - shown)} more" else "");
      others =
        if kernel != null || readable == null then
          [ ]
        else
          builtins.filter isOther (builtins.attrNames wanted.files);
    in
    if given == "" then
      throw "kernel-vmtest: the attribute `counted` is what `vmtest run --coverage` builds; `withCoverage [ \"fs/xfs\" ]` gives the same bundle."
    else if others != [ ] then
      throw "kernel-vmtest: coverage: the kernel is built from another source than the tree. Different there: ${few others}."
    else
      withCoverage wanted.directories;
}
