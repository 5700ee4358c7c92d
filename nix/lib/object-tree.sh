# Sourced by builders that run a kernel tree's make, after kernel-tree.sh and ccache.sh: takes what the last clean build of the same
# configuration made, where whoever builds offers a directory for it ($ccacheDirectory/trees), and keeps what this one made. The derivation knows nothing of it
# (docs/adrs/0024-object-tree-beside-the-derivation.md). Whatever is not plainly the same is built clean.
# shellcheck shell=bash
# shellcheck disable=SC2034 # Whoever sources this reads $treeIsKept.

treeFormat=2
# Names the objects were made by, and nothing but them: not outside the sandbox, where each build has a directory of its own.
treeHome=/build
# More changed sources than this, or more than a third of all objects made of them: a new tree is worth more than the old one.
treeMostChanged=200
treeKept=${ccacheDirectory:-/nonexistent}/trees
treeNotes=$treeHome/.tree
treeState=
treeIsKept=false

# Objects that were not made anew; for reportCcache.
treeReused() {
  if [ "$treeState" = taken ]; then find "$treeHome/source/build" -name '*.o' ! -newer "$treeNotes/taken" | wc -l; else echo 0; fi
}

# Nothing here may end the build: each step that fails leaves the clean build. One tree is kept, and it is not that of a kernel that counts.
treeOffered() {
  local program
  [ -z "${counted:-}" ] && [ "$NIX_BUILD_TOP" = "$treeHome" ] && [ "$PWD" = "$treeHome" ] && [ -w "$treeKept" ] && [ -n "$ccacheIsUsed" ] || return 1
  for program in b2sum zstd tar perl find xargs awk ldd; do command -v "$program" >/dev/null || return 1; done
  mkdir -p "$treeNotes"
}

# What objects are made by, besides sources: the builder's scripts and environment, the configuration, every program by its contents with
# its libraries, and the names and times of all programs there are.
treeKey() {
  local name
  {
    echo "$treeFormat" && uname -m
    env -0 | grep -zvE '^(src|out|configfile|NIX_BUILD_CORES|NIX_LOG_FD|_|SHLVL|PWD|OLDPWD)=' | sort -z | tr '\0' '\n'
    cat "$configfile" "$kernelTree" "$ccache" || exit
    for name in "${BASH_SOURCE[@]}"; do if [ -f "$name" ]; then cat "$name"; fi; done
    gcc -v 2>&1 || exit
    gcc -dumpspecs || exit
    for name in ${PATH//:/ }; do if [ -d "$name" ]; then find -L "$name/" -maxdepth 1 -type f -printf '%p %s %T@\n' 2>&1 | sort || :; fi; done
    find -L /usr/local/include -printf '%p %s\n' 2>/dev/null | sort || :
    treePrograms | xargs -d '\n' b2sum
  } | b2sum -l 256 | cut -c -64
}

# The files of programs a kernel's make calls that have a say in its bytes, and of the libraries they load.
treePrograms() {
  local name
  {
    for name in make bash sh gcc g++ as ld ld.bfd ar nm objcopy objdump readelf strip awk gawk mawk sed grep bc perl python3 bison flex m4 \
      pahole cpio tar xz gzip bzip2 lzma zstd lz4 lzop find sort tr cut openssl pkg-config; do command -v "$name" || :; done
    for name in cc1 collect2 as ld lto-wrapper lto1; do command -v "$(gcc -print-prog-name="$name")" || :; done
  } | xargs -d '\n' realpath | sort -u >"$treeNotes/programs"
  treeLibraries <"$treeNotes/programs" >"$treeNotes/libraries"
  sort -u "$treeNotes/programs" "$treeNotes/libraries"
}

# Programs on standard input: the files of the libraries they load. A script has none, which ldd calls a failure.
treeLibraries() {
  { xargs -r -d '\n' ldd 2>/dev/null || :; } | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// && NF == 2 && $1 !~ /:$/ { print $1 }' |
    sort -u | xargs -r -d '\n' realpath | sort -u
}

# The sources: what there is ($treeNotes/entries), and each file's hash (hashes). The top's `build` is no part of a tree (linkTree).
treeSources() {
  local sums=$treeNotes/sums
  mkdir -p "$sums"
  (
    cd "$src" || exit
    find . -mindepth 1 -path ./build -prune -o -printf '%y %m %p %l\n' | sort >"$treeNotes/entries"
    # shellcheck disable=SC2016 # The inner shell's.
    find . -path ./build -prune -o -type f -print0 |
      xargs -0 -n 3000 -P "$(nproc)" bash -c 'b2sum -l 256 -- "$@" >"$(mktemp "$0/XXXXXXXX")"' "$sums"
  )
  cat "$sums"/* | sort >"$treeNotes/hashes"
  rm -r "$sums"
  # Nothing may be missing: a hash for each file.
  [ "$(grep -c '^f ' "$treeNotes/entries")" = "$(wc -l <"$treeNotes/hashes")" ]
}

# takeTree: true with $treeHome/source/build as the last build left it, and sources whose changed files are newer. False: nothing is there.
takeTree() {
  local archive
  treeState=off
  treeOffered || return 1
  treeState=clean
  if ! { treeIs=$(treeKey) && [ "${#treeIs}" = 64 ] && treeSources; }; then
    treeState=off
    return 1
  fi
  for archive in "$treeKept/$treeIs".*.tar.zst; do
    if [ -f "$archive" ] && fitsTree "$archive"; then
      treeState=taken
      return 0
    fi
  done
  rm -rf source "$treeNotes/old" "$treeNotes/tree.tar.zst"
  return 1
}

# fitsTree ARCHIVE: unpacks it if it is what was kept, and the sources are those it was made of but for some that make can be told of.
fitsTree() {
  local old=$treeNotes/old copy=$treeNotes/tree.tar.zst now sum
  # The files' own clock, to the nanosecond: a second build may begin in the second in which the first ended.
  now=$(touch "$treeNotes/now" && treeTime "$treeNotes/now") || return 1
  # A copy of our own: another builder may replace the archive meanwhile.
  cp "$1" "$copy" || return 1
  sum=${1%.tar.zst}
  [ "$(b2sum -l 256 <"$copy" | cut -c -64)" = "${sum##*.}" ] || refuseTree 'it is damaged' "$1" || return 1
  rm -rf source "$old"
  mkdir -p "$old" source
  tar -x --zstd -C "$old" -f "$copy" || refuseTree 'it cannot be unpacked' || return 1
  # Objects of a clock that is ahead of ours would be newer than the changed files.
  [ "$(cat "$old/notes/ended")" -lt "$now" ] || refuseTree 'it was made later than now' || return 1
  [ ! -s "$old/notes/outside" ] || b2sum -c --quiet "$old/notes/outside" >/dev/null 2>&1 || refuseTree 'a header outside the tree changed' || return 1
  cmp -s "$old/notes/entries" "$treeNotes/entries" || refuseTree 'files were added, removed or changed their kind' || return 1
  comm -13 "$old/notes/hashes" "$treeNotes/hashes" | cut -c 67- | grep -vE '^\./(Documentation/.*\.(rst|txt|yaml)|MAINTAINERS)$' >"$treeNotes/changed" || :
  changesFit || return 1
  mv "$old/build" source/build
  linkChangedTree "$old/notes/directories" || refuseTree 'the sources could not be linked' || return 1
  forgetChanged || return 1
  echo "objects of the last build are used: $(wc -l <"$treeNotes/changed") sources changed"
}

# treeTime FILE: when it was changed, in nanoseconds.
treeTime() {
  local time
  time=$(stat -c %.9Y "$1") && echo "${time/./}"
}

# refuseTree WHY [ARCHIVE]: says why in the log, removes the archive; always false.
refuseTree() {
  echo "objects of the last build are not used: $1"
  if [ -n "${2:-}" ]; then rm -f "$2"; fi
  return 1
}

# Sources that make knows by their time alone: C, assembler and headers, and of those none a Makefile or script names. What else changed
# (Makefiles, Kconfig, scripts, tools, tables) may change objects that do not depend on it.
changesFit() {
  local other
  [ "$(wc -l <"$treeNotes/changed")" -le "$treeMostChanged" ] || refuseTree 'too many files changed' || return 1
  other=$(grep -vE '^\./[A-Za-z0-9_+./-]+\.[chS]$' "$treeNotes/changed" || grep -m1 -E '^\./(scripts|tools)/' "$treeNotes/changed" || :)
  [ -z "$other" ] || refuseTree "$(head -1 <<<"$other") changed" || return 1
  [ -s "$treeNotes/changed" ] || return 0
  sed 's,.*/,,' "$treeNotes/changed" | sort -u >"$treeNotes/names"
  other=$(cd "$src" && awk '$1 == "f" && $3 ~ /(\/(Makefile|Kbuild|Makefile\.[^\/]*|Kbuild\.[^\/]*)|\.(sh|awk|pl|py|include))$/ && $3 !~ /^\.\/(tools|Documentation)\// { print $3 }' "$treeNotes/entries" |
    xargs -d '\n' grep -lwF -f "$treeNotes/names" -- | head -1) || :
  [ -z "$other" ] || refuseTree "$other names a file that changed" || return 1
}

# linkChangedTree DIRECTORIES: as linkTree, but by directories of our own wherever the last build read something, so that a changed file, put there
# as a file with a time of its own, is met by every path (`../arch/x86/kernel/../include/asm/page.h`). All others keep the store's time.
linkChangedTree() {
  ln -sfn "$src" "$treeHome/s"
  copyTools
  # What constantSeeds changed it changed so the last time, too.
  find source/tools source/scripts -newermt @2 -type f -exec touch -d @1 {} +
  perl -we '
    use strict;
    my ($entries, $used, $changed) = @ARGV;
    my (%real, %changed);
    my $up = sub { my $path = shift; while (length $path) { return if $real{$path}++; $path =~ s{/?[^/]*\z}{} } };
    open my $in, "<", $used or die; while (<$in>) { chomp; $up->($_) } close $in;
    open $in, "<", $changed or die; while (<$in>) { chomp; s{^\./}{}; $changed{$_} = 1; $up->(s{/?[^/]*\z}{}r) } close $in;
    open $in, "<", $entries or die;
    my (@directories, @others);
    while (<$in>) { chomp; my ($type, undef, $path) = split / /, $_, 3; $path =~ s{^\./}{}; $path =~ s{ .*\z}{} if $type eq "l"; $path =~ s{ \z}{}; next if $path =~ m{^(?:tools|scripts)(?:/|\z)};
      if ($type eq "d" && $real{$path}) { push @directories, $path } elsif (!$changed{$path}) { push @others, $path } }
    for (sort @directories) { mkdir "source/$_" or die "mkdir source/$_: $!" }
    for (@others) { my $above = m{^(.*)/} ? $1 : ""; next if length $above && !$real{$above}; symlink "/build/s/$_", "source/$_" or die "$_: $!" }
  ' "$treeNotes/entries" "$1" "$treeNotes/changed" || return 1
  local name
  while read -r name; do cp --no-preserve=all "$src/$name" "source/$name" || return 1; done <"$treeNotes/changed"
}

# Belt and braces: whatever was made by a command or of a list that has a changed file's name is made anew, whatever its time.
forgetChanged() {
  local file all
  touch "$treeNotes/taken"
  [ -s "$treeNotes/changed" ] || return 0
  find source/build -name '.*.cmd' -print0 >"$treeNotes/commands"
  all=$(tr -dc '\0' <"$treeNotes/commands" | wc -c)
  xargs -0 grep -lF -f "$treeNotes/names" -- <"$treeNotes/commands" >"$treeNotes/forgotten" || :
  [ $(($(wc -l <"$treeNotes/forgotten") * 3)) -le "$all" ] || refuseTree 'a changed header is in too many objects' || return 1
  while read -r file; do
    file=${file%.cmd}
    rm -f "$file.cmd" "${file%/*}/${file##*/.}"
  done <"$treeNotes/forgotten"
}

# leaveTree: nothing of a tree that was taken is there any more.
leaveTree() {
  [ "$treeState" = taken ] || return 0
  echo 'the kernel could not be made of objects of the last build; made anew'
  rm -rf source "$treeNotes/old" "$treeNotes/taken"
  treeState=clean
}

# keepTree: after a clean build, for the next. What is linked of all objects is made anew each time and not kept.
keepTree() {
  local new limit bytes
  [ "$treeState" = clean ] || return 1
  cd "$treeHome" && rm -rf "$treeNotes/old" && mkdir -p "$treeNotes/tree/notes" || return 1
  cp "$treeNotes/entries" "$treeNotes/hashes" "$treeNotes/tree/notes/"
  listRead >"$treeNotes/read"
  {
    grep '^/' "$treeNotes/read" || :
    { find source/build/scripts source/build/tools -type f -perm -1 2>/dev/null || :; } | treeLibraries
  } | sort -u | xargs -r -d '\n' b2sum >"$treeNotes/tree/notes/outside" || return 1
  { grep -v '^/' "$treeNotes/read" && cd source/build && find . -type d -printf '%P/x\n'; } | listDirectories | sort -u >"$treeNotes/tree/notes/directories"
  touch "$treeNotes/ended"
  treeTime "$treeNotes/ended" >"$treeNotes/tree/notes/ended" || return 1
  find "$treeKept" -name '.new.*' -mmin +1440 -delete
  new=$(mktemp "$treeKept/.new.XXXXXXXX") || return 1
  # To the nanosecond: make compares what is made within a second.
  tar -c --format=posix --sort=name --anchored --exclude-from=<(treeNotKept) -C "$treeNotes/tree" notes -C "$treeHome/source" build | zstd -q -3 -T0 >"$new" || {
    rm -f "$new"
    return 1
  }
  bytes=$(stat -c %s "$new")
  limit=$(sed -n 's/^max_size = \([0-9]*\)Mi$/\1/p' "$ccacheDirectory/ccache.conf" 2>/dev/null) || :
  if [ "$bytes" -gt $((${limit:-1024} * 1024 * 1024 / 2)) ]; then
    rm -f "$new"
    echo "objects are not kept: $bytes bytes are more than half of ccache's limit"
    return 1
  fi
  chmod 0664 "$new"
  find "$treeKept" -name '*.tar.zst' -delete
  mv "$new" "$treeKept/$treeIs.$(b2sum -l 256 <"$new" | cut -c -64).tar.zst" || return 1
  treeIsKept=true
  echo "objects of this build are kept: $bytes bytes"
}

treeNotKept() {
  printf '%s\n' build/vmlinux 'build/vmlinux.*' 'build/.tmp_vmlinux*' build/System.map 'build/arch/*/boot/bzImage' \
    'build/arch/*/boot/Image*' 'build/arch/*/boot/vmlinux.bin*' 'build/arch/*/boot/compressed/vmlinux' 'build/arch/*/boot/compressed/vmlinux.bin*'
}

# Every word of every recorded command and list that is a path of a source (below `source/`), or outside the tree (absolute).
listRead() {
  local separators=$' \t=,;:()"$\'\\\\' path
  find source/build -name '.*.cmd' -print0 | xargs -0 cat | tr -s "$separators" '\n' | awk '
    /^\.\.\// && !seen[$0]++ { print substr($0, 4); next }
    /^\/build\/source\// { path = substr($0, 15); if (path !~ /^build\// && !seen[$0]++) print path; next }
    /^\/(usr|lib|nix|opt|etc)/ && !seen[$0]++ { print }' | while read -r path; do
    case $path in /*) if [ -f "$path" ]; then echo "$path"; fi ;; *) echo "$path" ;; esac
  done
}

# Paths on standard input: every directory each goes through, `..` taken back one by one.
listDirectories() {
  awk -F/ '{ n = 0
    for (i = 1; i < NF; i++) {
      if ($i == "" || $i == ".") continue
      if ($i == "..") { if (n > 0) n--; continue }
      above = n > 0 ? paths[n] "/" : ""; paths[++n] = above $i
      if (!seen[paths[n]]++) print paths[n]
    } }'
}
