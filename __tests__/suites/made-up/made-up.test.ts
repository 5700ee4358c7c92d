import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { testFileName } from '../../../src/domain/test-file.js'
import { createFiles } from '../../../src/ports/real/files.js'
import type { TestProgram } from '../../../src/vm/test-program.js'
import { AgentProcess } from '../../vm/guest/agent-process.js'
import { diskFiles } from '../tree-files.js'
import { madeUp } from './index.js'

// Its two folders: this one, as below src/suites, and `guest`, as below nix/suites.
const guest = join(import.meta.dirname, 'guest')
const shell = ['dash', 'busybox'].find((program) => spawnSync('which', [program]).status === 0)

;(shell === undefined ? test.skip : test)('a suite of two folders runs in the guest’s own agent, and its verdicts are judged', async () => {
  const files = Object.fromEntries(readdirSync(guest).map((name) => [name, readFileSync(join(guest, name), 'utf8')]))
  const [section] = await madeUp.builtInSections(createFiles(), '')
  if (section === undefined || madeUp.drive.kind !== 'each') throw new Error('it has a section, and the agent drives it')
  const variables = Object.entries(madeUp.guest?.variables(section) ?? {}).map(([name, value]) => `${name}='${value}'`)
  const prepare = [...variables, files.prepare].join('\n')
  const agent = new AgentProcess(shell === 'dash' ? ['dash'] : ['busybox', 'sh'], { ...files, prepare })
  try {
    const tree = join(agent.root, 'suite/tests')
    mkdirSync(tree)
    writeFileSync(join(tree, 'list'), 'a:good\na:bad\n')
    writeFileSync(join(tree, testFileName('a:good')), '[ "$(cat ../place/level)" = low ] && echo good\n')
    writeFileSync(join(tree, testFileName('a:bad')), 'echo it broke; exit 3\n')
    const { tests } = await madeUp.enumerate(diskFiles, tree)
    const { drive } = madeUp
    const scale = { emulated: false, timeoutFactor: 1 }
    const programs = tests.map((each): TestProgram => {
      const { cwd, ...command } = drive.command(each, { section, scale, guestPath: tree })
      return { name: each.name, ...command, directory: cwd, exitWord: drive.exitWord }
    })
    const names = tests.map(({ name }) => name)
    const batch = await agent.run({ id: 1, tests: names, environment: {}, arguments: [], programs })
    expect(batch).toMatchObject({ exitStatus: 0, notes: [] })
    const directory = join(agent.results, '1')
    const judged = await madeUp.judge(diskFiles, { directory, section: 'default', tests: names, exitStatus: 0, source: tree })
    expect(judged.tests.map(({ name, attempts }) => [name, attempts[0]?.status, attempts[0]?.message])).toEqual([
      ['a:good', 'pass', null],
      ['a:bad', 'fail', 'it broke'],
    ])
  } finally {
    agent.remove()
  }
})
