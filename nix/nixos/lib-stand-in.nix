# What options.nix takes of nixpkgs' lib, for documentation alone: types that only describe themselves. Words and brackets are
# those of lib/types.nix.
let
  # Which kinds of description stand without brackets in another: "list of string", "list of (string or path)".
  type =
    class: description: rest:
    { inherit class description; getSubOptions = _: { }; } // rest;
  within = classes: inner: if builtins.elem inner.class classes then inner.description else "(${inner.description})";
  composite = [
    "noun"
    "composite"
  ];
  conjunction = [
    "noun"
    "conjunction"
  ];
in
{
  mkOption = option: option // { _type = "option"; };
  literalExpression = text: {
    _type = "literalExpression";
    inherit text;
  };
  types = rec {
    bool = type "noun" "boolean" { };
    str = type "noun" "string" { };
    lines = type "noun" "strings concatenated with \"\\n\"" { };
    path = type "noun" "absolute path" { };
    package = type "noun" "package" { };
    raw = type "noun" "raw value" { };
    ints.positive = type "nonRestrictiveClause" "positive integer, meaning >0" { };
    strMatching = pattern: type "noun" "string matching the pattern ${pattern}" { };
    enum = values: type "conjunction" "one of ${builtins.concatStringsSep ", " (map builtins.toJSON values)}" { };
    submodule =
      { options }:
      type "other" "submodule" { getSubOptions = _: options; };
    nullOr = inner: type "conjunction" "null or ${within conjunction inner}" { inherit (inner) getSubOptions; };
    listOf =
      inner: type "composite" "list of ${within composite inner}" { getSubOptions = _: { "*" = inner.getSubOptions [ ]; }; };
    attrsOf =
      inner: type "composite" "attribute set of ${within composite inner}" { getSubOptions = _: { "<name>" = inner.getSubOptions [ ]; }; };
    either = one: other: type "conjunction" "${within conjunction one} or ${within conjunction other}" { };
    coercedTo =
      from: _: to:
      type "other" "${within [ "noun" ] to} or ${within [ "noun" ] from} convertible to it" { inherit (to) getSubOptions; };
  };
}
