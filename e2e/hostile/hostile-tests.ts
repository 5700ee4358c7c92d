import type { ExtraTest } from '../lab/vm-lab.js'

/** What every workflow command of the guest carries: whoever obeys one shows it. */
export const OWNED = 'owned-by-the-guest'

const COMMANDS = [
  `::set-output name=conclusion::${OWNED}`,
  `::save-state name=receipt::${OWNED}`,
  `::add-mask::${OWNED}`,
  `::error file=README.md,line=1::${OWNED}`,
  `::warning::${OWNED}`,
  `::notice::${OWNED}`,
  `::group::${OWNED}`,
  `::stop-commands::${OWNED}`,
  `##[error]${OWNED}`,
  `##[add-mask]${OWNED}`,
  `##[group]${OWNED}`,
  `text before ##[set-output name=conclusion;]${OWNED}`,
  `  ::add-path::${OWNED}`,
]

/** Prints them all: as they are, after a carriage return, behind ANSI, NUL, bidi marks and bytes that are no UTF-8. */
const PRINT = `
commands() { printf '%s\\n' ${COMMANDS.map((line) => `'${line}'`).join(' ')}; }
hostile() {
  commands
  commands | sed 's/^/harmless\\r/'
  commands | sed 's/^/\\x1b[2K\\x1b[1A\\x1b]0;title\\x07/'
  commands | sed 's/^/\\x00/'
  commands | sed 's/^/\\xe2\\x80\\xae\\xe2\\x81\\xa6/'
  commands | sed 's/^/\\xff\\xfe\\xc0\\xaf/'
  commands | sed 's/^/\\x85/'
  commands | sed 's/^/\\xe2\\x80\\xa8/'
  printf '<script>alert(1)</script> ]]> &lt; | \`x\` </details> [x](javascript:alert(1)) ![x](http://example.org/x) @someone\\n'
}
`

const bigLine = (bytes: number) => `head -c ${bytes} /dev/zero | tr '\\0' x`

/** A test that says all of it, and fails: what it printed goes into the report. */
const talker = () => `${PRINT}
hostile >/dev/console 2>/dev/null || true
hostile | while IFS= read -r line; do printf '%s\\n' "$line" >/dev/kmsg 2>/dev/null || true; done
${bigLine(300_000)} >/dev/console || true
echo >/dev/console
hostile | tee "$full"
${bigLine(2_000_000)}
echo
hostile >&2
exit 0
`

/** A test that leaves what nobody wants among its results, and passes. */
const litterer = (sentinel: string) => `${PRINT}
r=\${seqres%/*}
ln -s /etc/passwd "$seqres.passwd"
ln -s ${sentinel} "$seqres.sentinel"
ln -s ${sentinel} "$seqres.full.txt"
ln -s / "$r/root"
ln -s .. "$r/up"
ln -s loop "$r/loop"
mknod "$seqres.disk" b 254 0
mknod "$seqres.zero" c 1 5
mkfifo "$seqres.fifo"
chmod 0 "$seqres.fifo"
truncate -s 1T "$seqres.bomb"
mkdir "$r/many" "$r/::error::${OWNED}"
(cd "$r/many" && seq 1 3000 | xargs touch)
echo ${OWNED} >"$r/"$'line\\n::error::${OWNED}'
# A line of the agent's own list, for who reads names line by line.
mkdir -p "$r/"$'line\\n5 9999999999 /etc'
echo ${OWNED} >"$r/"$'line\\n5 9999999999 /etc/shadow'
echo ${OWNED} >"$r/::set-output name=conclusion::${OWNED}"
echo ${OWNED} >"$r/"$'\\xff\\xfe bytes'
echo ${OWNED} >"$r/"$'\\xe2\\x80\\xaefdp.exe'
echo ${OWNED} >"$r/a:b|c*d?e\\"f<g>.txt"
echo ${OWNED} >"$r/..."
echo ${OWNED} >"$r/$(printf 'n%.0s' $(seq 1 250))"
# Straight into the channels of the guest, past the agent.
for port in /dev/vport* /proc/1/fd/4; do
  (printf 'F ../../../../../../%s\\nb3duZWQK\\n.\\nF /tmp/%s\\nb3duZWQK\\n.\\n' ${OWNED} ${OWNED} >"$port") 2>/dev/null || true
done
echo done
`

/** The two, as selftest/910 and selftest/911. */
export const hostileTests = (sentinel: string): readonly ExtraTest[] => [
  { name: 'selftest/910', script: `set +o pipefail\n${talker()}`, output: 'nothing of this kind' },
  { name: 'selftest/911', script: `set +o pipefail\n${litterer(sentinel)}`, output: 'done' },
]
