import { expect, test } from '@jest/globals'
import { nixBuild } from '../../src/bundle/nix-build.js'
import type { Ports } from '../../src/ports/index.js'

const DRV = '/nix/store/qcsx5lm64ppgwx2jxlvm7jzmzfvbqf4s-linux-6.18.0.drv'
const event = (fields: object) => `@nix ${JSON.stringify(fields)}`
const answer = (code: number, stdout = '', stderr = '') => ({ code, signal: null, stdout, stderr, timedOut: false })
const nix = { program: '/nix', version: '2.34.8', origin: 'found', config: '', sandbox: true, notes: [] } as const

/** A build of one derivation whose builder printed these lines, as Nix's events have them; what `nix log` has is asked for or not. */
async function failing(lines: readonly string[], log: string): Promise<{ message: string; asked: readonly string[] }> {
  const asked: string[] = []
  const exec = {
    which: async () => '/usr/bin/git',
    run: async (argv: readonly string[], options: { onStderrLine?: (line: string) => void }) => {
      asked.push(argv.slice(1, 3).join(' '))
      if (argv[1] === 'log') return answer(0, log)
      options.onStderrLine?.(event({ action: 'start', id: 1, type: 105, fields: [DRV, '', 1, 1] }))
      for (const line of lines) options.onStderrLine?.(event({ action: 'result', id: 1, type: 101, fields: [line] }))
      options.onStderrLine?.(
        event({ action: 'msg', level: 0, msg: `error: Cannot build '${DRV}'.\n       Reason: builder failed with exit code 2.` }),
      )
      return answer(1)
    },
  }
  const runner = { env: {}, info: () => undefined, untrusted: () => undefined }
  const ports = { exec, runner, clock: { monotonicSeconds: () => 0 } } as unknown as Ports
  const result = await nixBuild({ nix, installable: '.#vmtest', impure: false, cwd: '/linux' }, ports)
  if (result.kind !== 'failed') throw new Error('it was to fail')
  return { message: result.error.message, asked }
}

const LOG = "  CC a.o\r\na.c:1:1: error: 'foo' undeclared\r\n"

// Nix 2.34's events have nothing of a line that ends with CR LF (seen with sid's 2.34.8).
test('a builder whose lines came blank is read from nix log', async () => {
  const { message, asked } = await failing(['', ''], LOG)
  expect(message).toBe("The kernel does not build: a.c:1:1: error: 'foo' undeclared")
  expect(asked).toContain(`log ${DRV}`)
})

test('some lines of it blank', async () => {
  expect((await failing(['make: Entering directory', '', ''], LOG)).message).toMatch(/'foo' undeclared/)
})

test('a whole log is not asked for again, and a log that is not there leaves what was seen', async () => {
  const whole = await failing(['  CC a.o', "a.c:1:1: error: 'foo' undeclared"], 'never read')
  expect(whole.asked).toEqual(['build .#vmtest'])
  expect((await failing(['before', ''], '')).message).toMatch(/Its last lines:\n {2}before/)
})
