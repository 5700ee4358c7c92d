# Sourced by builders that compile a kernel: what counts in the directories $counted (words; none: nothing counts), by $counterFlags and
# $counterProfile (coverage.nix).
# shellcheck shell=bash
# shellcheck disable=SC2034 # Whoever sources this reads $counting.

# Arguments of make.
counting=()
if [ -n "${counted:-}" ]; then
  # Else an object and its notes bear the time they were made at, each time another.
  counting=("CFLAGS_GCOV=$counterFlags -frandom-seed=\$@")
  export GCOV_PROFILE=$counterProfile
fi

# keepNotes BUILD DIRECTORY: the compiler's notes (.gcno) of what counts, which gcov reads counters by, and the paths they were compiled by:
# the running kernel names its counters so, and the notes their sources.
keepNotes() {
  local build directory
  [ -n "${counted:-}" ] || return 0
  build=$(cd "$1" && pwd -P)
  mkdir -p "$2"
  (
    cd "$build" || exit
    for directory in $counted; do
      if [ -d "$directory" ]; then find "$directory" -name '*.gcno' -exec cp --parents --no-preserve=mode -t "$2" {} +; fi
    done
  )
  printf '{"objects":"%s","tree":"%s"}\n' "$build" "${build%/*}" >"$2/compiled-in.json"
}
