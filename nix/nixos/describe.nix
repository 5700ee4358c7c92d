# The options below services.vmtest as a list [ { name; type; default; example; description; } ], for scripts/options.mjs.
# `lib` is nixpkgs', or by default a stand-in that knows what options.nix uses and describes types in nixpkgs' words, so that
# the documentation is made and checked where there is no nixpkgs. A test holds the one to the other.
{
  lib ? import ./lib-stand-in.nix,
}:
let
  show =
    value:
    if value == null then
      "null"
    else if builtins.isAttrs value then
      (
        if value._type or "" == "literalExpression" then
          value.text
        else
          "{ ${
            builtins.concatStringsSep "" (map (name: "${name} = ${show value.${name}}; ") (builtins.attrNames value))
          }}"
      )
    else if builtins.isList value then
      (if value == [ ] then "[ ]" else "[ ${builtins.concatStringsSep " " (map show value)} ]")
    else
      builtins.toJSON value;

  one =
    name: option:
    {
      inherit name;
      type = option.type.description;
      inherit (option) description;
    }
    // (
      if option ? defaultText then
        { default = show option.defaultText; }
      else if option ? default then
        { default = show option.default; }
      else
        { }
    )
    // (if option ? example then { example = show option.example; } else { });

  # What lies in a submodule comes with its whole name from nixpkgs' types, and with its place from the stand-in's.
  walk =
    path: value:
    if value._type or "" == "option" then
      (
        let
          name = if value ? loc then builtins.concatStringsSep "." value.loc else path;
        in
        [ (one name value) ] ++ walkAll name (value.type.getSubOptions [ name ])
      )
    else
      walkAll path value;
  walkAll =
    prefix: set:
    builtins.concatMap (name: walk "${prefix}${if prefix == "" then "" else "."}${name}" set.${name}) (
      builtins.filter (name: name != "_module" && name != "_freeformOptions") (builtins.attrNames set)
    );
in
walkAll "" (import ./options.nix { inherit lib; }).options
