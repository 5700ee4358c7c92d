// From the compiler's line to the screen, by the whole command: real make and gcc on a small tree, another object of which takes its time.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { FakeKernelTree } from './fake-kernel-tree.js'
import { FakeMachine } from './fake-machine.js'

/** What the other object takes: nobody waits for it. */
const SLOW_SECONDS = 90

let machine: FakeMachine
beforeAll(async () => {
  machine = await FakeMachine.create()
  machine.writeBundle({ tests: ['generic/001'], fates: {} })
}, 60_000)
afterAll(() => machine.remove())

test('a compile error is on the screen within two seconds, whole, and the rest of make is ended', async () => {
  const tree = new FakeKernelTree(join(machine.directory, 'linux'))
  tree.commit('broken', {
    slow: String(SLOW_SECONDS),
    'fs/001.c': 'int xfs_iget(void)\n{\n\treturn nosuch_variable;\n}\n',
    'fs/002.c': 'int good;\n',
  })
  const options = ['--bundle', machine.bundle, '--kernel-tree', tree.directory, '--accelerator', 'tcg', '--output', '../out']
  const began = Date.now()
  let shownAt = 0
  let screen = ''
  const { status, stdout } = await machine.vmtest(tree.directory, ['run', 'generic/001', ...options], (text) => {
    screen += text
    if (shownAt === 0 && screen.includes('nosuch_variable')) shownAt = Date.now()
  })
  const took = (Date.now() - began) / 1000
  if (status !== 65) throw new Error(`it ended with ${status}:\n${screen}`)
  const failedAt = Number(readFileSync(join(tree.objects(machine.cache), 'failed-at'), 'utf8'))
  expect((shownAt - failedAt) / 1000).toBeLessThan(2)
  expect(took).toBeLessThan(SLOW_SECONDS - 10)
  // Where it is, the line, and the mark below it.
  expect(screen).toMatch(/fs\/001\.c:3:16: error: .*nosuch_variable.*undeclared/)
  expect(screen).toMatch(/return nosuch_variable;\s*\n[^\n]*\^~+/)
  expect(screen).toContain('The rest of make was ended; `--keep-going` lets it go on.')
  expect(stdout).toMatch(/^The kernel does not build: fs\/001\.c:3:16: error: /m)
  expect(readFileSync(join(machine.directory, 'out/build.log'), 'utf8')).toContain('nosuch_variable')
}, 120_000)
