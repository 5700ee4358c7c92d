# Builder: a suite's catalogue. $suite, $source (has tests/DIRECTORY/NNN), $program (awk), $busybox, $out.
set -euo pipefail
chosen=()
for file in "$source"/tests/*/[0-9]*; do
  # Tests are numbered; NNN.out, NNN.cfg and the like go with them.
  case ${file##*/} in *[!0-9]*) continue ;; esac
  chosen+=("${file#"$source"/}")
done
if [ ${#chosen[@]} -eq 0 ]; then
  echo "no tests below $source/tests: is it a tree in fstests' shape?" >&2
  exit 1
fi
cd "$source"
"$busybox" awk -v suite="$suite" -f "$program" "${chosen[@]}" >"$out"
