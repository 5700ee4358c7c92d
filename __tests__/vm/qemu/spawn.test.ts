import { expect, test } from '@jest/globals'
import { createExec } from '../../../src/ports/real/exec.js'
import { spawnQemu } from '../../../src/vm/start-guest.js'

test('QEMU gets nothing of our environment: no token, no command file', async () => {
  const exec = createExec({ ...process.env, GITHUB_TOKEN: 'ghs_canary', ACTIONS_RUNTIME_TOKEN: 'canary', GITHUB_ENV: '/canary' })
  const child = await spawnQemu(exec, { argv: ['/usr/bin/env'], files: [] }, null)
  let printed = ''
  for await (const chunk of child.stdout) printed += Buffer.from(chunk).toString()
  expect(await child.exit).toEqual({ code: 0, signal: null })
  expect(
    printed
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0])
      .sort(),
  ).toEqual(['LC_ALL', 'PATH'])
})
