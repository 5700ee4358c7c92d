import { dirname } from 'node:path'
import type { CatalogueTest } from '../../domain/test.js'
import { SKIPPED } from '../ktap/index.js'
import type { EachDrive } from '../suite.js'
import { DEFAULT_LIMIT_SECONDS } from './settings.js'

/**
 * Starts the program `$0`. Line by line, as kselftest's runner has it (`stdbuf --output=L`): what a program has printed into a pipe and not
 * flushed is printed again by every child that it forks (timens:timerfd of 6.12 plans twice then). Where the guest has no working stdbuf, as it is. A script that is not
 * executable is run all the same, by kselftest's ksft_runner.sh or its own interpreter.
 */
const START = [
  'if [ ! -x "$0" ]; then',
  '  if [ -x ./ksft_runner.sh ]; then set -- "$0" "$@"; exec ./ksft_runner.sh "$@"; fi',
  '  IFS= read -r line <"$0" || exit 126',
  '  case $line in "#!"*) chmod +x "$0" || exit 126 ;; *) echo "$0 is not executable"; exit 126 ;; esac',
  'fi',
  'if stdbuf -oL true 2>/dev/null; then exec stdbuf -oL "$0" "$@"; fi',
  'exec "$0" "$@"',
].join('\n')

/** One program a test, in the directory it lies in. */
export const programDrive: EachDrive = {
  kind: 'each',
  exitWord: (code) => (code === 0 ? 'ended' : code === SKIPPED ? 'notrun' : 'fail'),
  command: (test: CatalogueTest, { section, scale, guestPath }) => {
    const directory = dirname(test.file)
    const limit = test.limitSeconds ?? DEFAULT_LIMIT_SECONDS
    return {
      argv: ['/bin/sh', '-c', START, `./${test.file.slice(directory === '.' ? 0 : directory.length + 1)}`],
      environment: section.environment,
      cwd: directory === '.' ? guestPath : `${guestPath}/${directory}`,
      limitSeconds: limit === 0 ? null : limit * scale.timeoutFactor,
    }
  },
}
