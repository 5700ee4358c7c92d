import type { EachDrive } from '../suite.js'
import { BUILT_IN } from './catalogue.js'

/** What the guest says where there is nothing to be judged. */
export const UNTESTED = 'vmtest: not tested: '

/**
 * Prints the results of the suite `$1` of module `$2` (empty: built in), which debugfs has as KTAP without the kernel log's stamps and foreign lines.
 * A built-in suite ran at boot, one of a module when it was loaded. It runs again only where it was asked for in this guest before: some leave things
 * behind and bring the kernel down the second time (sysctl_test of 6.12 registers a table on its stack). One of init code has no `run`.
 */
const RUN = [
  `untested() { echo "${UNTESTED}$1"; exit 125; }`,
  'all=/sys/kernel/debug/kunit',
  'own=$all/$1',
  '[ -z "$2" ] || [ -d "$own" ] || modprobe "$2" || untested "the module $2 cannot be loaded"',
  '[ -d "$all" ] || untested "this kernel has no CONFIG_KUNIT_DEBUGFS"',
  ...[
    // A suite whose cases are compiled out (kunit_fault of 6.12) is in the module and not taken. Others of it were: KUnit is on; and no filter is set.
    'if [ ! -d "$own" ] && [ -n "$2" ] && [ -n "$(ls "$all")" ]; then',
    '  set_here=$(cat /sys/module/kunit/parameters/filter_glob /sys/module/kunit/parameters/filter 2>/dev/null | grep -vxF -e "(null)" -e "*" -e "")',
    '  if [ -z "$set_here" ] && ! grep -q "kunit[.]filter" /proc/cmdline; then',
    '    printf "KTAP version 1\\n1..1\\nok 1 %s # SKIP this kernel has no case of it\\n" "$1"',
    '    exit 0',
    '  fi',
    'fi',
  ],
  '[ -d "$own" ] || untested "the kernel did not take it: a filter (kunit.filter_glob, kunit.filter) or kunit.enable=0 keeps it out"',
  'if [ -e "/tmp/kunit-$1" ] && [ -e "$own/run" ]; then echo run >"$own/run" || untested "it cannot be run"; fi',
  ': >"/tmp/kunit-$1"',
  'cat "$own/results"',
].join('\n')

/** The longest a case may run before KUnit itself ends it (lib/kunit/try-catch.c) is 300 s. */
const LIMIT_SECONDS = 330

/** A KUnit suite a test. */
export const kunitDrive: EachDrive = {
  kind: 'each',
  exitWord: (code) => (code === 0 ? 'ended' : 'fail'),
  command: ({ name, file }, { section, scale }) => ({
    argv: ['/bin/sh', '-c', RUN, 'sh', name, file === BUILT_IN ? '' : file],
    environment: section.environment,
    cwd: '/',
    limitSeconds: LIMIT_SECONDS * scale.timeoutFactor,
  }),
}
