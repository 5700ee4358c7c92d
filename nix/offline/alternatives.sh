# Builders do not see /etc, and with it the targets of Debian's alternatives: programs found under such a name only get a link in $PWD/bin.
mkdir -p bin
stand_in() {
  local name=$1 candidate
  shift
  if command -v "$name" >/dev/null; then return; fi
  for candidate in "$@"; do
    # The last that is there: of versions the newest.
    if [ -x "$candidate" ]; then ln -sf "$candidate" "bin/$name"; fi
  done
}
stand_in aclocal /usr/bin/aclocal-*
stand_in automake /usr/bin/automake-*
stand_in awk /usr/bin/mawk /usr/bin/gawk
stand_in cc /usr/bin/clang /usr/bin/gcc
stand_in c++ /usr/bin/clang++ /usr/bin/g++
stand_in yacc /usr/bin/bison
PATH=$PATH:$PWD/bin
