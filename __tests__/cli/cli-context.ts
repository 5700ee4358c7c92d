import { join } from 'node:path'
import type { CliContext } from '../../src/cli/context.js'
import { placesFrom } from '../../src/pipeline/directories.js'
import type { Ports } from '../../src/ports/index.js'

/** The command's context with what it prints kept, in a directory of the test's own. */
export function cliContext(workingDirectory: string, ports: Partial<Ports>, signal = new AbortController().signal) {
  const printed = { out: '', err: '' }
  const unexpected = new Proxy(ports, {
    get(target, name) {
      const port = target[name as keyof Ports]
      if (port === undefined) throw new Error(`unexpected use of the port ${String(name)}`)
      return port
    },
  }) as Ports
  const stream = (name: 'out' | 'err') => ({
    isTerminal: false,
    columns: 120,
    write: (text: string) => {
      printed[name] += text
    },
  })
  const context: CliContext = {
    ports: unexpected,
    places: placesFrom({
      checkout: join(import.meta.dirname ?? __dirname, '../..'),
      workingDirectory,
      env: { TMPDIR: workingDirectory, XDG_CACHE_HOME: join(workingDirectory, 'cache') },
    }),
    toolVersion: '0.0.0',
    platform: 'linux',
    architecture: 'x64',
    signal,
    stdin: (async function* () {})(),
    stdout: stream('out'),
    stderr: stream('err'),
    watcher: {
      watch: () => {
        throw new Error('unexpected use of the file watcher')
      },
    },
  }
  return { context, printed }
}
