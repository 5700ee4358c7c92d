import type { EachDrive } from '../suite.js'

/** The exit status of TCONF alone (include/tst_res_flags.h); a skip beside a pass is 0. */
export const SKIPPED = 32

/** What the word of an unmet need begins with, before the exit status of TCONF. */
export const UNMET = 'vmtest: need not met: '

/**
 * Runs the line `$3` of the runtest file `$2` in LTP's directory, after looking for what it needs (`$1`): without that its program says TBROK, and it
 * looks like a broken test. The command is the line without its tag, for a shell, as LTP's own runners have it.
 */
const START = [
  `unmet() { echo "${UNMET}$1"; exit 32; }`,
  'for need in $1; do',
  '  case $need in',
  '    config) [ -r /proc/config.gz ] || [ -r "/boot/config-$(uname -r)" ] || unmet "the kernel configuration (/boot/config-RELEASE or /proc/config.gz)" ;;',
  '    device) [ -e /sys/module/loop ] || modprobe -q loop 2>/dev/null || [ -e /sys/module/loop ] || unmet "loop devices" ;;',
  '    clock) unmet "a processor that is not emulated: it measures how exactly it is woken" ;;',
  '    program:*) command -v "${need#program:}" >/dev/null || unmet "the program ${need#program:}" ;;',
  '  esac',
  'done',
  'grep -q " $TMPDIR " /proc/mounts || unmet "a disk for its files at $TMPDIR"',
  'IFS= read -r line <<END',
  '$(sed -n "$3p" "$2")',
  'END',
  'command=$(printf "%s\\n" "$line" | sed "s/^[[:space:]]*[^[:space:]]*[[:space:]]*//")',
  'PATH=$PATH:$LTPROOT/testcases/bin',
  'export PATH',
  'exec /bin/sh -c "$command"',
].join('\n')

/** One line of a runtest file a test. */
export const ltpDrive: EachDrive = {
  kind: 'each',
  // A mask; any other bit beside TCONF's is no skip.
  exitWord: (code) => (code === 0 ? 'ended' : code === SKIPPED ? 'notrun' : 'fail'),
  command: ({ file, line, limitSeconds = 0, needs }, { section, scale, guestPath }) => ({
    // A clock is only asked for where there is none to be relied on.
    argv: [
      ...['/bin/sh', '-c', START, 'sh'],
      [
        ...(needs?.features ?? []).filter((feature) => feature !== 'clock' || scale.emulated),
        ...(needs?.programs ?? []).map((program) => `program:${program}`),
      ].join(' '),
      file,
      String(line),
    ],
    environment: {
      LTPROOT: guestPath,
      TMPDIR: '/mnt/work',
      LTP_COLORIZE_OUTPUT: '0',
      // The library's own limits (lib/tst_test.c); below 0.1 it would call the test broken.
      ...(scale.timeoutFactor > 1 ? { LTP_TIMEOUT_MUL: String(scale.timeoutFactor) } : {}),
      ...section.environment,
    },
    cwd: guestPath,
    limitSeconds: limitSeconds === 0 ? null : limitSeconds * scale.timeoutFactor,
  }),
}
