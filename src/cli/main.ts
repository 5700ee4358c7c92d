import { fileURLToPath } from 'node:url'
import { enclosingKernelTree } from '../bundle/index.js'
import { TOOL_VERSION } from '../domain/version.js'
import { placesFrom, withUsableCache } from '../pipeline/directories.js'
import { createFileWatcher, createPorts, createTerminalRunner } from '../ports/real/index.js'
import { readRecordApart } from '../reader/index.js'
import { runCli } from './cli.js'
import { fencing } from './fencing.js'
import { outputStream } from './output-stream.js'

const controller = new AbortController()
let interrupts = 0
/** These have nothing to put in order behind them: a signal ends them at once, whatever they are reading. */
const READING = ['report', 'classify', 'history', 'expectations', 'completion']
const signals = READING.includes(process.argv[2] ?? '') ? [] : (['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
for (const signal of signals) {
  process.on(signal, () => {
    controller.abort(signal)
    if (process.stderr.isTTY === true && interrupts === 0)
      process.stderr.write('\r\u001b[Kending what runs; Ctrl-C once more leaves at once\n')
    // The second time the reader wants out; QEMU dies with us.
    if (++interrupts > 1) process.exit(130)
  })
}
// `vmtest … | head` ends the reading side early; that is no error.
process.stdout.on('error', () => process.exit(0))

// What is printed quotes guests. In a workflow's step a line of theirs could be a command to the runner: it is told not to listen.
const fence = fencing(process.env)

/** Node keeps what the terminal was like, and gives it back at our end too, whichever that is. */
const rawKeys = () => {
  process.stdin.setRawMode(true)
  return () => void process.stdin.setRawMode(false)
}

const ports = createPorts(
  createTerminalRunner({ out: process.stdout, err: process.stderr, env: process.env }, { verbose: process.env.VMTEST_DEBUG === '1' }),
)
const workingDirectory = process.cwd()
const places = placesFrom({
  ...{ checkout: fileURLToPath(new URL('..', import.meta.url)), workingDirectory, env: process.env },
  // In linux/fs/xfs the tree is meant, as git has it.
  projectDirectory: (await enclosingKernelTree(workingDirectory, ports.files)) ?? workingDirectory,
})

const code = await runCli(process.argv.slice(2), {
  ports,
  watcher: createFileWatcher(),
  places: await withUsableCache(places, ports.files),
  toolVersion: TOOL_VERSION,
  platform: process.platform,
  architecture: process.arch,
  signal: controller.signal,
  readRecord: readRecordApart,
  stdin: process.stdin,
  ...(process.stdin.isTTY === true ? { rawKeys } : {}),
  stdout: outputStream(process.stdout, fence),
  stderr: outputStream(process.stderr, fence),
})
// Whoever read it has gone; a terminal that may still be typed at would keep us.
process.stdin.destroy()
// After an interruption nothing is waited for: not a download that was given up, nor a connection that is still open.
if (controller.signal.aborted) process.exit(code)
process.exitCode = code
