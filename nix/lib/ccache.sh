# Sourced by builders that compile a kernel: through ccache where whoever builds offers a directory for it, plainly where not.
# The derivation is the same either way, and so is what it makes: $ccacheDirectory is a place, not an input.
# shellcheck shell=bash
# shellcheck disable=SC2034 # Whoever sources this reads $compilers and $flag.

# Arguments of make: the compilers, through ccache or not.
compilers=()
ccacheIsUsed=

# useCcache [COMPILER [HOSTCOMPILER]]: sets $compilers for what make would call. Only the word ccache tells both ways apart.
# Everything compiled must lie below $NIX_BUILD_TOP, by paths that do not name a store path of the sources.
useCcache() {
  compilers=("CC=${1:-gcc}" "HOSTCC=${2:-gcc} $buildMap")
  if ! command -v ccache >/dev/null || ! [ -w "${ccacheDirectory:-/nonexistent}" ]; then return 0; fi
  export CCACHE_DIR=$ccacheDirectory CCACHE_TEMPDIR=$NIX_BUILD_TOP/.ccache CCACHE_STATSLOG=$NIX_BUILD_TOP/.ccache.log
  # Outside the sandbox each build has another directory: paths below it are made relative.
  export CCACHE_BASEDIR=$NIX_BUILD_TOP
  # Every file of a store has the same time, so only its contents tell one compiler from another.
  export CCACHE_COMPILERCHECK=content
  # nixpkgs' compiler is given a seed made of the output's path; __DATE__ is an error in a kernel (-Werror=date-time).
  export CCACHE_SLOPPINESS=random_seed,time_macros
  # The target's name in a list of headers (tools/build): no other object for it.
  export CCACHE_IGNOREOPTIONS='-Wp,-MT,*'
  # What the cache holds is no more secret than a store, and one build user's files are read by the next.
  export CCACHE_UMASK=002
  # Headers do not change during a build: each is hashed once.
  export CCACHE_INODECACHE=1
  # No preprocessing: the compiler's own list of headers tells what an object is made of.
  export CCACHE_DEPEND=1
  compilers=("CC=ccache ${1:-gcc}" "HOSTCC=ccache ${2:-gcc} $buildMap")
  ccacheIsUsed=yes
  SECONDS=0
}

# reportCcache [REUSED [KEPT]]: one line of JSON in $ccacheDirectory/builds for whoever offered it, and in the log. Probes of the compiler
# (/dev/null) are no compilations; REUSED objects nobody had to compile are hits. KEPT is `true` where objects were kept for the next build.
reportCcache() {
  local line file='' hits=${1:-0} misses=0 report
  if [ -z "$ccacheIsUsed" ] || ! { [ -f "$CCACHE_STATSLOG" ] || [ "$hits" -gt 0 ]; }; then return 0; fi
  touch "$CCACHE_STATSLOG"
  while read -r line; do
    case $line in
    '#'*) file=${line#'# '} ;;
    direct_cache_hit | preprocessed_cache_hit) if isCompilation "$file"; then hits=$((hits + 1)); fi ;;
    cache_miss) if isCompilation "$file"; then misses=$((misses + 1)); fi ;;
    esac
  done <"$CCACHE_STATSLOG"
  report="{\"hits\":$hits,\"misses\":$misses,\"seconds\":$SECONDS,\"reused\":${1:-0},\"kept\":${2:-false}}"
  mkdir -p "$ccacheDirectory/builds"
  echo "$report" >"$ccacheDirectory/builds/${out##*/}"
  echo "ccache: $report"
}

# lastFlag NAME [FLAG…]: sets $flag to the value of the last NAME=VALUE among make's arguments, the one make would use, or to nothing.
lastFlag() {
  local name=$1 word
  shift
  flag=
  for word in "$@"; do
    case $word in "$name="*) flag=${word#*=} ;; esac
  done
}

isCompilation() {
  [ "$1" != /dev/null ] && [ "$1" != - ]
}
