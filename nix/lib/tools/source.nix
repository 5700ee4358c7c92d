# What a source says of itself: a flake input, the answer of fetchGit or of a fetcher of nixpkgs, or a path.
let
  noRevision = builtins.match "0+";
  isRevision = value: builtins.isString value && value != "" && noRevision value == null;
  firstOf =
    values:
    let
      usable = builtins.filter isRevision values;
    in
    if usable == [ ] then null else builtins.head usable;
  field = source: name: if builtins.isAttrs source then source.${name} or null else null;
  isCommit = text: text != null && builtins.match "[0-9a-f]{40}([0-9a-f]{24})?" text != null;
  named =
    text:
    if text == null then
      null
    else if isCommit text then
      builtins.substring 0 12 text
    else
      plain text;
  # fetchGit says 0000000 of a checkout with changes, or since Nix 2.19 also `dirtyRev`.
  isDirty =
    source:
    builtins.any (name: field source name != null) [
      "dirtyShortRev"
      "dirtyRev"
    ]
    || builtins.any (name: field source name != null && noRevision (field source name) != null) [
      "rev"
      "shortRev"
    ];
  # `refs/tags/v6.17.0`, as fetchers of nixpkgs call a tag.
  plain = text: builtins.elemAt (builtins.match "(refs/tags/)?(.*)" text) 1;
in
rec {
  # "0123456789ab", a tag, "0123456-dirty", "dirty" (changes on a commit nobody named), or null: it says nothing.
  revision =
    source:
    if source == null then
      null
    else if isDirty source then
      firstOf [
        (field source "dirtyShortRev")
        (field source "dirtyRev")
        "dirty"
      ]
    else
      named (firstOf [
        (field source "rev")
        (field source "tag")
        (field source "shortRev")
      ]);

  # The same as a part of a store path's name; "local" where a source says nothing.
  version =
    source:
    let
      known = revision source;
    in
    if known == null then
      "local"
    else
      builtins.concatStringsSep "-" (
        builtins.filter builtins.isString (builtins.split "[^0-9a-zA-Z.+_-]+" known)
      );
}
