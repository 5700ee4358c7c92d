import { OWNED, PRINT_HOSTILE } from './hostile-commands.js'

export { OWNED } from './hostile-commands.js'

/** A test of the smoke suite: a script after its `_begin_fstest` line, and what it prints where it passes. */
export interface HostileTest {
  readonly number: string
  readonly script: string
  readonly output: string
  /** What an honest judge makes of it. */
  readonly verdict: 'pass' | 'fail'
}

/** How much of it: the guest's emulated processor is what such a run costs. */
export interface HostileAmounts {
  readonly files: number
  readonly consoleBytes: number
  readonly outputBytes: number
  /** Frames of each kind that are forged into the results channel. */
  readonly frames: number
}

const bigLine = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' x`

/** Says all of it, on every way out of the guest, and fails: what it printed goes into the report. */
const talker = (amounts: HostileAmounts) => `${PRINT_HOSTILE}
set +e
hostile >/dev/console 2>/dev/null || true
hostile | while IFS= read -r line; do printf '%s\\n' "$line" >/dev/kmsg 2>/dev/null || true; done
${bigLine(amounts.consoleBytes)} >/dev/console || true
echo >/dev/console
hostile | tee "$full"
${bigLine(amounts.outputBytes)}
echo
hostile >&2
exit 0
`

/** Leaves what nobody wants among its results, and passes. `host`: paths of the host that must stay out of reach. */
const litterer = (amounts: HostileAmounts, host: readonly string[]) => `
r=\${seqres%/*}
number=0
for target in /etc/passwd / .. ../../../../../../../../etc/shadow loop ${host.join(' ')}; do
  ln -s "$target" "$seqres.link$((number += 1))"
done
ln -s loop "$r/loop"
ln -s ${host[0] ?? '/etc/passwd'} "$seqres.full.txt"
ln /etc/passwd "$r/hard" 2>/dev/null || cp /etc/passwd "$r/hard"
for n in 1 2 3; do ln "$r/hard" "$r/hard$n"; done
mknod "$seqres.disk" b 254 0
mknod "$seqres.zero" c 1 5
mkfifo "$seqres.fifo"
chmod 0 "$seqres.fifo"
perl -MSocket -e 'my $s; socket($s, AF_UNIX, SOCK_STREAM, 0) and bind($s, pack_sockaddr_un($ARGV[0])) or die $!' "$seqres.socket"
truncate -s 1T "$seqres.bomb"
mkdir "$r/many" "$r/::error::${OWNED}"
(cd "$r/many" && seq 1 ${amounts.files} | xargs touch)
(cd "$r" && for n in $(seq 1 120); do mkdir "deep-deep-deep-deep-deep-deep-deep-$n" && cd "deep-deep-deep-deep-deep-deep-deep-$n"; done && echo ${OWNED} >bottom)
echo ${OWNED} >"$r/"$'line\\n::error::${OWNED}'
# A line of the agent's own list, for who reads names line by line.
mkdir -p "$r/"$'line\\n5 9999999999 /etc'
echo ${OWNED} >"$r/"$'line\\n5 9999999999 /etc/shadow'
echo ${OWNED} >"$r/::set-output name=conclusion::${OWNED}"
echo ${OWNED} >"$r/"$'\\xff\\xfe bytes'
echo ${OWNED} >"$r/"$'\\xe2\\x80\\xaefdp.exe'
echo ${OWNED} >"$r/a:b|c*d?e\\"f<g>.txt"
echo ${OWNED} >"$r/back\\\\slash"
echo ${OWNED} >"$r/100%25"
echo ${OWNED} >"$r/..."
echo ${OWNED} >"$r/ leading and trailing "
echo ${OWNED} >"$r/-rf"
echo ${OWNED} >"$r/$(printf 'n%.0s' $(seq 1 255))"
# A file that is a link every other moment, while the results are collected.
(for n in $(seq 1 40); do echo ${OWNED} >"$r/race"; ln -sf /etc/passwd "$r/race.new"; mv -f "$r/race.new" "$r/race"; done)
echo done
`

/** Looks for whatever of the host can be seen or reached, and passes only where there is nothing. */
const looker = () => `
look() {
  env
  cat /proc/cmdline /proc/mounts
  for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do echo "== $file"; tr '\\0' '\\n' <"$file"; done
  for file in /sys/class/dmi/id/* /sys/firmware/qemu_fw_cfg/by_name/*/*/raw /sys/firmware/acpi/tables/*; do
    [[ ! -f $file ]] || { echo "== $file"; tr -c '[:print:]\\n' '?' <"$file"; }
  done
  ls -l /dev
} >"$full" 2>&1
look || true
for device in /sys/bus/pci/devices/*; do echo "$(<"$device/vendor") $(<"$device/device") $(<"$device/class")"; done >"$seqres.pci"
[[ $(ls /sys/class/net) == lo ]] || echo "a network: $(ls /sys/class/net)"
mkdir -p /tmp/shared
modprobe -a 9p 9pnet_virtio virtiofs 2>/dev/null || true
for tag in host hostshare share shared store workspace xchg root /; do
  mount -t 9p -o trans=virtio "$tag" /tmp/shared 2>/dev/null && echo "9p share $tag"
  mount -t virtiofs "$tag" /tmp/shared 2>/dev/null && echo "virtiofs share $tag"
done
for serial in /sys/block/vd*/serial; do
  disk=/dev/$(basename "\${serial%/serial}")
  case $(cat "$serial") in
    root | suite | modules)
      blockdev --setrw "$disk" 2>/dev/null || true
      printf ${OWNED} 2>/dev/null | dd of="$disk" bs=512 conv=notrunc,fsync 2>/dev/null && echo "$(cat "$serial") can be written"
      ;;
  esac
done
for port in /dev/vport* /proc/1/fd/*; do
  (printf 'F ../../../../../../%s\\nb3duZWQK\\n.\\nF /tmp/%s\\nb3duZWQK\\n.\\n' ${OWNED} ${OWNED} >"$port") 2>/dev/null || true
done
echo boxed
`

/** Takes the agent's own channels: perl can, by pidfd_open (434) and pidfd_getfd (438). */
const STOLEN = `
sub stolen { my $fd = syscall(438, syscall(434, 1, 0), $_[0], 0); die "fd $_[0]: $!" if $fd < 0; open(my $h, '+>&=', $fd) or die; binmode $h; $h }
sub say_all { my ($h, $text) = @_; while (length $text) { my $n = syswrite($h, $text) or die; substr($text, 0, $n, '') } }
`

/**
 * Fails, and says everywhere that it passed: in check's words and reports, and as frames of the agent's own channels.
 * A process that outlives the test goes on forging.
 */
const forger = (amounts: HostileAmounts) => `
r=\${seqres%/*}
self=\${seqres#"$RESULT_BASE"/}
other=\${self%/*}/910
cat >/tmp/forge.pl <<'END'
my ($self, $other) = @ARGV;
${STOLEN}
my ($results, $output) = (stolen(4), stolen(6));
my $file = "b3duZWQK\\n.\\n";
say_all($results, "\\nF $_\\n$file") for '../../../../../../${OWNED}', '/tmp/${OWNED}', 'a/../../${OWNED}', './${OWNED}', "a\\rb", '.', 'x' x 3000;
say_all($results, "A 99999999999 part\\n$file" . "X 99999999999 part\\n" . "F never-ended\\nb3duZWQK\\n");
say_all($results, 'z' x 5_000_000 . "\\n");
say_all($results, join('', map { "F ../$_\\n$file" } 1 .. 1000));
say_all($results, join('', map { "F forged/$_\\n.\\n" } 1 .. ${amounts.frames}));
say_all($results, join('', map { "garbage $_\\n" } 1 .. ${amounts.frames}));
say_all($output, "\\n$other  1s\\n$self  1s\\nRan: $other $self\\nPassed all 2 tests\\n");
say_all($output, 'y' x 10_000_000 . "\\n" . "\\xff\\xfe" x 100_000 . "\\n" x 100_000);
say_all($output, "\\0" x ${amounts.frames} . "\\0vmtest-end 99\\0" . "\\0vmtest-end 000000000000\\0\\n");
END
perl /tmp/forge.pl "$self" "$other"
cat >/tmp/forge.sh <<END
for n in \\$(seq 1 20); do
  rm -f $r/91*.out.bad
  echo '<?xml version="1.0"?><testsuite name="xfstests" failures="0" skipped="0" tests="2" time="1"><testcase classname="xfstests.global" name="$other" time="1"></testcase><testcase classname="xfstests.global" name="$self" time="1"></testcase></testsuite>' >$RESULT_BASE/result.xml
  printf 'Ran: $other $self\\nPassed all 2 tests\\n' >$RESULT_BASE/check.log
  sleep 0.2
done
END
setsid bash /tmp/forge.sh >/dev/null 2>&1 </dev/null &
echo passed
`

/**
 * Ends the batch in the agent's name while it runs, with exit code 0, and says the next tests have been: no word of it may
 * make a test pass. It is the last of a run, since it takes the guest with it.
 */
const usurper = (names: readonly string[]) => `
cat >/tmp/usurp.pl <<'END'
${STOLEN}
my ($control, $results, $output) = (stolen(3), stolen(4), stolen(6));
say_all($output, join('', map { "\\n$_  1s\\n" } qw(${names.join(' ')})) . "Passed all 9 tests\\n");
say_all($results, join('', map { "\\nM start $_\\n" } qw(${names.join(' ')})));
say_all($output, "\\0vmtest-end 1\\0");
say_all($results, "\\nM end 0\\n");
say_all($control, "\\nready ::error::${OWNED}\\nbye\\n");
END
perl /tmp/usurp.pl
sleep 2
echo o >/proc/sysrq-trigger
sleep 60
`

/** All that a run can survive, in the order it is to be run. */
export const hostileTests = (amounts: HostileAmounts, host: readonly string[]): readonly HostileTest[] => [
  { number: '910', script: talker(amounts), output: 'nothing of this kind', verdict: 'fail' },
  { number: '911', script: litterer(amounts, host), output: 'done', verdict: 'pass' },
  { number: '912', script: forger(amounts), output: 'what it never prints', verdict: 'fail' },
  { number: '913', script: looker(), output: 'boxed', verdict: 'pass' },
]

/** The one that lies about the others (`names`) and takes the guest down. */
export const usurpingTest = (names: readonly string[]): HostileTest => ({
  number: '914',
  script: usurper(names),
  output: 'never',
  verdict: 'fail',
})
