import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { blktests } from '../../../src/suites/blktests/index.js'
import { diskFiles } from '../tree-files.js'

// Real blktests with what the guest adds to its configuration, here on the host: VMTEST_BLKTESTS names a tree.
const given = process.env.VMTEST_BLKTESTS ?? ''
const canRun = existsSync(join(given, 'check')) && process.getuid?.() === 0
if (!canRun) console.warn('skipped: blktests itself is run, as root, where VMTEST_BLKTESTS names a tree of it')

;(canRun ? describe : describe.skip)('blktests itself', () => {
  let place: string
  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), 'vmtest-blktests-'))
    mkdirSync(join(place, 'bin'))
    writeFileSync(join(place, 'bin/vmtest-mark'), `#!/bin/sh\necho "$2" >>${place}/marks\n`)
    chmodSync(join(place, 'bin/vmtest-mark'), 0o755)
    mkdirSync(join(place, 'results'))
  })
  afterEach(() => rmSync(place, { recursive: true, force: true }))

  /** Runs check as the guest does, into the same results each time. */
  async function judged(tree: string, tests: readonly string[]) {
    const config = new URL('../../../nix/suites/blktests/guest/check-config', import.meta.url).pathname
    const run = spawnSync('bash', ['-c', 'exec ./check "$@" 2>&1', 'sh', '-c', config, '-o', join(place, 'results/blktests'), ...tests], {
      ...{ cwd: tree, encoding: 'utf8' },
      env: { ...process.env, PATH: `${place}/bin:${process.env.PATH}`, TEST_DEV: '/dev/none' },
    })
    writeFileSync(join(place, 'check.stdout'), run.stdout)
    const evidence = { directory: place, section: 'nodev', tests: [...tests], exitStatus: run.status, source: tree }
    const { tests: found, problems } = await blktests.judge(diskFiles, evidence)
    return { found, problems, statuses: found.map(({ name, attempts }) => `${name} ${attempts[0]?.status}`) }
  }

  test('each planned test of the meta group has its verdict, also where check leaves no trace or loses the exit status', async () => {
    const tests = ['meta/001', 'meta/002', 'meta/003', 'meta/005', 'meta/007', 'meta/014', 'meta/016']
    const { found, problems, statuses } = await judged(given, tests)
    expect(statuses).toEqual([
      ...['meta/001 pass', 'meta/002 notrun', 'meta/003 fail', 'meta/005 fail', 'meta/007 notrun', 'meta/014 notrun', 'meta/016 pass'],
    ])
    expect(found[2]?.attempts[0]?.message).toBe('exit status 1')
    expect(problems).toEqual([])
    expect(readFileSync(join(place, 'marks'), 'utf8').trim().split('\n')).toEqual(tests)
  })

  test('a test that ends before check removes what it left last time is no pass by that', async () => {
    const tree = join(place, 'tree')
    cpSync(given, tree, { recursive: true })
    mkdirSync(join(tree, 'tests/planted'))
    writeFileSync(join(tree, 'tests/planted/rc'), '. common/rc\n')
    const requires = { '001': 'exit 0', '002': 'local -i number; read -r number <<<117deb12', '003': 'true' }
    for (const [id, words] of Object.entries(requires)) {
      const text = `. tests/planted/rc\nDESCRIPTION="planted"\nrequires() { [[ ! -e ${place}/again ]] || ${words}; }\n`
      writeFileSync(join(tree, 'tests/planted', id), `${text}test() { echo "Running \${TEST_NAME}"; }\n`, { mode: 0o755 })
      writeFileSync(join(tree, `tests/planted/${id}.out`), `Running planted/${id}\n`)
    }
    const names = Object.keys(requires).map((id) => `planted/${id}`)
    expect((await judged(tree, names)).statuses).toEqual(names.map((name) => `${name} pass`))
    writeFileSync(join(place, 'again'), '')
    rmSync(join(place, 'results/blktests/vmtest-trace'))
    expect((await judged(tree, names)).statuses).toEqual(['planted/001 fail', 'planted/002 fail', 'planted/003 pass'])
  })
})
