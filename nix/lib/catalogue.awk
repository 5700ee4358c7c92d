# Prints the catalogue of the tests given as files tests/DIRECTORY/NNN. A test declares its groups on one line,
# `_begin_fstest auto quick` (fstests' common/preamble); that line's number goes with it.
function flush_test() {
  if (file == "") return
  name = file
  sub(/^tests\//, "", name)
  printf "%s\n  {\"name\":\"%s\",\"groups\":[%s],\"file\":\"%s\",\"line\":%d}", separator, name, groups, file, line
  separator = ","
}
BEGIN { printf "{\"suite\":\"%s\",\"tests\":[", suite }
FNR == 1 {
  flush_test()
  file = FILENAME
  groups = ""
  line = 1
}
$1 == "_begin_fstest" {
  line = FNR
  groups = ""
  for (i = 2; i <= NF && $i !~ /^#/; i++) groups = groups (i > 2 ? "," : "") "\"" $i "\""
}
END {
  flush_test()
  print "\n]}"
}
