import { withoutTrailing } from '../../domain/without-trailing.js'
import type { Runner } from '../runner.js'

/** What a terminal needs of the process: its streams and environment. */
export interface TerminalStreams {
  readonly out: { write(text: string): unknown }
  readonly err: { write(text: string): unknown; readonly isTTY?: boolean }
  readonly env: Readonly<Record<string, string | undefined>>
}

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g

/** The run as seen on a terminal: progress on standard error, so that standard output stays for results. */
export function createTerminalRunner(streams: TerminalStreams, options: { readonly verbose: boolean }): Runner {
  const outputs = new Map<string, string>()
  // A live line of progress may stand there; it is drawn again below.
  const start = streams.err.isTTY === true ? '\r\u001b[K' : ''
  const line = (text: string) => void streams.err.write(`${start}${text}\n`)
  return {
    kind: 'terminal',
    env: streams.env,
    info: line,
    warning: (message) => line(`warning: ${message}`),
    error: (message) => line(`error: ${message}`),
    debug: (message) => {
      if (options.verbose) line(`debug: ${message}`)
    },
    group: async (title, body) => {
      line(title)
      return body()
    },
    // A guest's bytes must not move the cursor, ring, or rename the window.
    untrusted: (text) =>
      line(
        text
          .split('\n')
          .map((each) => withoutTrailing(each, '\r'))
          .join('\n')
          .replace(CONTROL, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`),
      ),
    // As compilers write it: editors and terminals jump to the place. What annotates here are compilers, whose errors are on the screen already.
    annotate: ({ level, message, file, line: at }) => {
      if (level !== 'error') line(`${file === undefined ? '' : `${file}:${at ?? 1}: `}${level}: ${message}`)
    },
    mask: () => undefined,
    setOutput: (name, value) => void outputs.set(name, value),
    saveState: () => undefined,
    getState: () => '',
    getInput: () => '',
    writeSummary: async () => undefined,
    setFailed: (message) => line(`error: ${message}`),
    exportVariable: () => undefined,
    addPath: () => undefined,
  }
}
