import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { readXunit } from '../../../src/suites/fstests/xunit.js'
import { diskFiles } from '../tree-files.js'
import { LoopMachine, whyNotHere } from './loop-machine.js'
import { smokeDirectory } from './smoke-tree.js'

const why = whyNotHere('ext4')
const here = why === null ? describe : describe.skip

here(`a check that is stopped${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test('ends soon, is red, keeps what it has, and says nothing of the test that ran', async () => {
    const machine = LoopMachine.tryMake('ext4')
    if (machine === null) throw new Error('the loop devices went away')
    try {
      const child = spawn(join(smokeDirectory, 'check'), ['-R', 'xunit', 'selftest/001', 'selftest/006'], {
        env: { PATH: process.env.PATH ?? '/usr/bin:/bin', LOGGER_PROG: 'true', ...machine.environment },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      let output = ''
      for await (const chunk of child.stdout) {
        output += String(chunk)
        if (output.includes('selftest/006') && !child.killed) child.kill('SIGTERM')
      }
      if (child.exitCode === null) await once(child, 'exit')
      expect(child.exitCode).toBe(1)
      expect(output).toContain('Ran: selftest/001\nInterrupted!\n')
      const bytes = await diskFiles.readBytes(join(machine.results, 'result.xml'))
      expect(readXunit(new TextDecoder().decode(bytes)).cases.map(({ name, status }) => [name, status])).toEqual([['selftest/001', 'pass']])
    } finally {
      machine.close()
    }
  }, 60_000)
})
