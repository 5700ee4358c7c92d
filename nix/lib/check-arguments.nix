# A function's result, or an error that names the arguments it does not have: `checkArguments NAME KNOWN ARGUMENTS result`.
name: known: arguments: result:
let
  unknown = builtins.filter (argument: !(builtins.elem argument known)) (builtins.attrNames arguments);
in
if unknown == [ ] then
  result
else
  throw "kernel-vmtest: ${name} has no argument ${builtins.concatStringsSep ", " unknown}; it has: ${builtins.concatStringsSep ", " known}."
